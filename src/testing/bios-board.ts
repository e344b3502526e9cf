import { CompletionQueue } from '../main/vmm/block/completion-queue.js';
import { MediumSlot } from '../main/vmm/block/medium-slot.js';
import { MemoryDisk } from '../main/vmm/block/memory-disk.js';
import { BuiltinBios } from '../main/vmm/firmware/builtin-bios.js';
import type { FirmwareDrive, KernelImage } from '../main/vmm/firmware/firmware.js';
import { machineMemory } from '../main/vmm/machine/machine-memory.js';
import type { MachineSpec } from '../main/vmm/machine/machine-spec.js';
import { Machine } from '../main/vmm/machine/machine.js';
import { ManualClock } from '../main/vmm/time/clock.js';
import type { GeneralRegister, SegmentName } from '../main/vmm/cpu/registers.js';
import { TEST_SPEC } from './bare-board.js';
import { ScriptedVcpu } from './scripted-vcpu.js';

/** Media of a test machine, as bytes. */
export interface TestMedia {
  readonly disk?: Uint8Array;
  readonly cdrom?: Uint8Array;
  readonly floppy?: Uint8Array;
}

export interface BiosBoardOptions {
  readonly spec?: Partial<MachineSpec>;
  readonly media?: TestMedia;
  readonly kernel?: KernelImage;
}

export type ServiceRegisters = Partial<Record<'eax' | 'ebx' | 'ecx' | 'edx' | 'esi' | 'edi' | 'ebp', number>> &
  Partial<Record<'es' | 'ds', number>>;

export interface ServiceResult {
  readonly eax: number;
  readonly ebx: number;
  readonly ecx: number;
  readonly edx: number;
  readonly edi: number;
  readonly ebp: number;
  readonly es: number;
  readonly carry: boolean;
  readonly zero: boolean;
}

const GENERAL: Readonly<Record<string, GeneralRegister>> = {
  eax: 'rax', ebx: 'rbx', ecx: 'rcx', edx: 'rdx', esi: 'rsi', edi: 'rdi', ebp: 'rbp',
}; // prettier-ignore
const OUT_BYTES = 2;
const STACK = 0x7000;
const ROM_SEGMENT = 0xf000;
const TRAP_PORT = 0xba;
/** What a stub waiting for an interrupt, and one coming back at once, begin with. */
const STI_HLT = [0xfb, 0xf4];
const STI_NOP_BYTES = 2;
const STI_HLT_JMP_BYTES = 4;
const MAX_WAITS = 10_000;

/** The built-in BIOS on the real board, its stubs stepped by hand: every OUT of the ROM reaches the services. */
export class BiosBoard {
  readonly clock = new ManualClock();
  readonly memory;
  readonly machine: Machine;
  readonly log: string[] = [];
  readonly disks: Partial<Record<keyof TestMedia, MemoryDisk>> = {};
  cpu!: ScriptedVcpu;
  /** Called whenever a service waits; a test types keys here. */
  onWait: (count: number) => void = () => undefined;
  private readonly completions = new CompletionQueue();

  constructor(options: BiosBoardOptions = {}) {
    const spec = { ...TEST_SPEC, ...options.spec };
    this.memory = machineMemory(spec);
    this.machine = new Machine(spec, {
      memory: this.memory,
      clock: this.clock,
      wallClock: { nowMs: () => 1_709_164_798_000, localOffsetMinutes: () => 0 },
      createVcpu: (_memory, bus) => (this.cpu = new ScriptedVcpu(bus)),
      firmware: new BuiltinBios(options.kernel),
      drives: this.drives(options.media ?? {}),
      serial: {},
      log: (line) => void this.log.push(line),
      debugConsole: () => undefined,
    });
  }

  /** Runs POST up to INT 19h. */
  post(): void {
    // The reset vector is a far jump to POST; POST's OUT comes after it has set its stack up.
    const vector = 0xf_fff0;
    const entry = this.memory.read16(vector + 1) + (this.memory.read16(vector + 3) << 4);
    this.registers.set32('rsp', 0x7c00);
    this.step(this.findOut(entry));
  }

  /** Runs INT 19h until something is entered; returns the far address and DL. */
  boot(): { segment: number; offset: number; drive: number; eip: number } {
    this.registers.setRealModeSegment('ss', 0);
    this.registers.set32('rsp', 0x7c00);
    this.step(this.findOut(this.vector(0x19)));
    const sp = this.registers.get32('rsp') & 0xffff;
    const [offset, segment] = [this.memory.read16(sp), this.memory.read16(sp + 2)];
    return { segment, offset, drive: this.registers.get32('rdx') & 0xff, eip: this.registers.eip };
  }

  /** Calls a software interrupt's service through its vector. */
  interrupt(vector: number, registers: ServiceRegisters = {}): ServiceResult {
    const { registers: cpu } = this;
    for (const [name, value] of Object.entries(registers)) {
      if (name === 'es' || name === 'ds') cpu.setRealModeSegment(name, value);
      else cpu.set32(GENERAL[name]!, value);
    }
    cpu.setRealModeSegment('ss', 0);
    cpu.set32('rsp', STACK);
    const flagsAt = STACK + 4;
    this.memory.write16(flagsAt, 0x0202);
    this.step(this.findOut(this.vector(vector)));
    return this.result(this.memory.read16(flagsAt));
  }

  /** The text screen, lines trimmed at their end. */
  screen(): string[] {
    return Array.from({ length: 25 }, (_, row) =>
      Array.from({ length: 80 }, (_, column) =>
        String.fromCharCode(this.cpu.bus.mmioRead(0xb_8000 + (row * 80 + column) * 2, 1)),
      )
        .join('')
        .trimEnd(),
    );
  }

  private get registers() {
    return this.cpu.registers;
  }

  private vector(number: number): number {
    return this.memory.read16(number * 4) + (this.memory.read16(number * 4 + 2) << 4);
  }

  private findOut(linear: number): number {
    for (let at = linear; at < linear + 32; at++) {
      if (this.memory.read8(at) === 0xe6 && this.memory.read8(at + 1) === TRAP_PORT) return at;
    }
    throw new Error(`no trap at ${linear.toString(16)}`);
  }

  /** Executes the OUT and, as long as the service asks to wait, what follows it in the stub. */
  private step(out: number): void {
    let next = this.trap(out);
    for (let waits = 0; next !== out + OUT_BYTES; waits++) {
      const opcode = [this.memory.read8(next), this.memory.read8(next + 1)];
      if (opcode[0] !== STI_HLT[0] || waits === MAX_WAITS) return;
      this.pause(waits);
      out = next + (opcode[1] === STI_HLT[1] ? STI_HLT_JMP_BYTES : 0) + STI_NOP_BYTES;
      next = this.trap(out);
    }
  }

  private pause(waits: number): void {
    this.clock.advance(1_000_000);
    this.completions.drain();
    this.machine.runSlice();
    this.onWait(waits);
  }

  /** @returns linear address the service left */
  private trap(out: number): number {
    const { registers } = this;
    registers.setRealModeSegment('cs' as SegmentName, ROM_SEGMENT);
    registers.setEip(out + OUT_BYTES - (ROM_SEGMENT << 4));
    this.cpu.bus.portWrite(TRAP_PORT, registers.get32('rax') & 0xff, 1);
    return registers.eip + (ROM_SEGMENT << 4);
  }

  private result(flags: number): ServiceResult {
    const { registers: r } = this;
    const get = (register: GeneralRegister): number => r.get32(register) >>> 0;
    return {
      eax: get('rax'), ebx: get('rbx'), ecx: get('rcx'), edx: get('rdx'), edi: get('rdi'), ebp: get('rbp'),
      es: r.selector('es'), carry: (flags & 1) !== 0, zero: (flags & 0x40) !== 0,
    }; // prettier-ignore
  }

  private drives(media: TestMedia): FirmwareDrive[] {
    const drives: FirmwareDrive[] = [];
    const device = (kind: keyof TestMedia, readonly: boolean): MemoryDisk | undefined => {
      const content = media[kind];
      if (!content) return undefined;
      return (this.disks[kind] = new MemoryDisk(this.memory.bytes, content, this.completions, { readonly }));
    };
    const removable = (medium: MemoryDisk | undefined): MediumSlot => {
      const slot = new MediumSlot();
      if (medium) slot.insert(medium);
      return slot;
    };
    const disk = device('disk', false);
    if (disk) drives.push({ kind: 'disk', name: 'disk', slot: { channel: 0, unit: 0 }, device: disk });
    drives.push({
      kind: 'cdrom',
      name: 'cdrom',
      slot: { channel: 1, unit: 0 },
      drive: removable(device('cdrom', true)),
    });
    drives.push({ kind: 'floppy', name: 'floppy', unit: 0, drive: removable(device('floppy', false)) });
    return drives;
  }
}
