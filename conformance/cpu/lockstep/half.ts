import { readFileSync } from 'node:fs';
import { BuiltinBios } from '../../../src/main/vmm/firmware/builtin-bios.js';
import { EFLAGS, EVENT_INTERRUPT, EVENT_MASK, EVENTS, SHADOW } from '../../../src/main/vmm/cpu/core/layout.js';
import type { CpuState } from '../../../src/main/vmm/cpu/registers.js';
import { machineMemory } from '../../../src/main/vmm/machine/machine-memory.js';
import type { VcpuFactory } from '../../../src/main/vmm/machine/machine-ports.js';
import { Machine, type MachineCondition } from '../../../src/main/vmm/machine/machine.js';
import type { GuestMemory } from '../../../src/main/vmm/memory/guest-memory.js';
import { RAM_OFFSET } from '../../../src/main/vmm/memory/layout.js';
import { ManualClock } from '../../../src/main/vmm/time/clock.js';
import { TEST_SPEC } from '../../../src/testing/bare-board.js';
import { SteppedVcpu } from './stepped-vcpu.js';

/** Files of the kernel that both machines start. */
export interface LockstepGuest {
  readonly kernel: string;
  readonly initrd: string;
  readonly commandLine: string;
  readonly memoryMiB: number;
}

const SHADOW_OF_STI = 1;
const RESUME_FLAG = 1 << 16;

/** Noon of an arbitrary day. */
const WALL_CLOCK_MS = 1_709_164_798_000;

/** One of two machines that know no other time than the one they are told. */
export class Half {
  readonly memory: GuestMemory;
  cpu!: SteppedVcpu;
  serial = '';
  condition: MachineCondition = { kind: 'running' };
  private readonly clock = new ManualClock();
  private readonly machine: Machine;

  constructor(guest: LockstepGuest, createVcpu: VcpuFactory) {
    const spec = { ...TEST_SPEC, memoryBytes: guest.memoryMiB << 20 };
    this.memory = machineMemory(spec);
    this.machine = new Machine(spec, {
      memory: this.memory,
      clock: this.clock,
      wallClock: { nowMs: () => WALL_CLOCK_MS + this.clock.nowNs() / 1e6, localOffsetMinutes: () => 0 },
      createVcpu: (memory, bus) => (this.cpu = new SteppedVcpu(createVcpu(memory, bus))),
      firmware: new BuiltinBios({
        kernel: readFileSync(guest.kernel),
        initrd: readFileSync(guest.initrd),
        commandLine: guest.commandLine,
      }),
      drives: [],
      serial: { 1: { transmit: (byte) => void (this.serial += String.fromCharCode(byte)) } },
      log: () => undefined,
      debugConsole: () => undefined,
    });
  }

  /** Instructions since power-on. */
  get instructions(): number {
    return this.cpu.stats.instructions;
  }

  get nextDeadlineNs(): number {
    return this.machine.nextDeadlineNs;
  }

  get ram(): Buffer {
    return Buffer.from(this.memory.wasm.buffer as unknown as ArrayBuffer, RAM_OFFSET, this.memory.ramBytes);
  }

  /** Time goes on to `ns`; it stands still while the machine runs. */
  passTo(ns: number): void {
    this.clock.advance(Math.max(0, ns - this.clock.nowNs()));
  }

  get nowNs(): number {
    return this.clock.nowNs();
  }

  /** A slice of about so many instructions, after what is due has happened. */
  slice(instructions: number): void {
    this.cpu.allowance = instructions;
    this.condition = this.machine.runSlice();
  }

  /** Goes on within the slice. */
  runOn(instructions: number): void {
    this.cpu.allowance = instructions;
    this.cpu.run();
  }

  /**
   * The processor's state. RF, which only instruction breakpoints look at, is cleared: the core leaves it set until
   * something steps, where a processor clears it behind every instruction.
   */
  saveState(): CpuState {
    const { view } = this.memory;
    view.setUint32(EFLAGS, view.getUint32(EFLAGS, true) & ~RESUME_FLAG, true);
    return this.cpu.saveState();
  }

  /** One instruction of a software engine: behind an interrupt shadow, the core executes one on its own. */
  stepOnce(): void {
    const { view } = this.memory;
    const deliverable = view.getUint32(EVENTS, true) & view.getUint32(EVENT_MASK, true) & EVENT_INTERRUPT;
    // Its shadow would keep an interrupt off; the handler's first block comes along then.
    if (!deliverable && view.getUint32(SHADOW, true) === 0) view.setUint32(SHADOW, SHADOW_OF_STI, true);
    this.runOn(1);
  }
}
