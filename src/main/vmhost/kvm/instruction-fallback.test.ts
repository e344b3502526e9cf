import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createKvmVcpu, kvmMissing, SILENT_BUS } from '../../../testing/kvm.js';
import type { VcpuEngine, VcpuExit } from '../../vmm/cpu/engine.js';
import type { CpuState } from '../../vmm/cpu/registers.js';
import { powerOnState } from '../../vmm/cpu/reset-state.js';
import { GuestMemory } from '../../vmm/memory/guest-memory.js';
import { RAM_OFFSET } from '../../vmm/memory/layout.js';

const missing = kvmMissing();
const RAM_BYTES = 1 << 20;
const CODE = 0x1000;
/** Of these Linux 6.18's emulator has none: WAIT, DAA, and FST to memory. */
const WAIT = 0x9b;
const DAA = 0x27;

let memory: GuestMemory;
let engine: VcpuEngine;
const changed: number[] = [];
beforeEach(() => {
  memory = new GuestMemory(RAM_BYTES, RAM_BYTES);
  memory.mapRam(0, RAM_OFFSET, RAM_BYTES);
  engine = createKvmVcpu(memory, { ...SILENT_BUS, portWrite: (_port, value) => void changed.push(value) });
});
afterEach(() => {
  engine.close();
  changed.length = 0;
});

/** Runs real-mode code up to its HLT. */
function run(code: readonly number[], changes: Partial<CpuState> = {}): VcpuExit {
  memory.write(CODE, Uint8Array.from([...code, 0xf4]));
  const state = powerOnState();
  const cs = { selector: 0, base: 0n, limit: 0xffff, attributes: 0x9b };
  engine.loadState({ ...state, segments: { ...state.segments, cs }, rip: BigInt(CODE), rflags: 2n, ...changes });
  for (;;) {
    const exit = engine.run(1000);
    if (exit.reason !== 'budget' && exit.reason !== 'interrupted') return exit;
  }
}

const registers = (): CpuState => engine.saveState();

// Where guests run on the processor itself the same holds, and nothing is interpreted.
describe.skipIf(missing)(`instructions the kernel has no code for${missing ? ` (skipped: ${missing})` : ''}`, () => {
  it('are executed, and the guest goes on behind them', () => {
    expect(run([0xb8, 0x3a, 0, DAA, WAIT, 0x40])).toEqual({ reason: 'halt' }); // mov ax, 3Ah; daa; wait; inc ax
    expect(registers().general.rax & 0xffffn).toBe(0x41n);
    expect(registers().rip).toBe(BigInt(CODE + 7));
  });

  it('are read anew each time: the guest writes code behind the interpreter’s back', () => {
    const spot = CODE + 2;
    // mov al, 3Ah; spot: wait; cmp byte [spot], 27h; je out; mov byte [spot], 27h; jmp spot; out:
    const code = [0xb0, 0x3a, WAIT, 0x80, 0x3e, spot & 0xff, spot >> 8, DAA, 0x74, 7, 0xc6, 6, spot & 0xff, spot >> 8, DAA, 0xeb, -15 & 0xff]; // prettier-ignore
    expect(run(code)).toEqual({ reason: 'halt' });
    expect(registers().general.rax & 0xffn).toBe(0x40n);
  });

  it('write where the guest’s memory is, and count as its writes', () => {
    memory.freeze(true);
    memory.pages.fill(RAM_OFFSET >>> 12, RAM_BYTES >>> 12, 1);
    run([WAIT, 0xd9, 0xe8, 0xd9, 0x1e, 0, 0x50]); // wait; fld1; fstp dword [5000h]
    expect(memory.read32(0x5000)).toBe(0x3f80_0000);
    const { pageStates } = memory.freeze(false);
    expect(pageStates[5]).toBe(2);
    expect(pageStates[9]).toBe(1);
  });

  it('raise the exceptions they would raise', () => {
    // #NM, vector 7: to 2000h, where an OUT of AL tells, and HLT ends it.
    memory.write(0x2000, Uint8Array.from([0xb0, 0x77, 0xe6, 0x10, 0xf4]));
    memory.write32(7 * 4, 0x2000);
    expect(run([WAIT], { cr0: 0x10n | 0xan })).toEqual({ reason: 'halt' });
    expect(changed).toEqual([0x77]);
  });
});
