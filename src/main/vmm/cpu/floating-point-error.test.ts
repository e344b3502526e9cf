import { describe, expect, it } from 'vitest';
import { BareCpu } from '../../../testing/bare-cpu.js';

const CONTROL_WORD = 0x3000;
/** #ZE unmasked. */
const DIVISION_TRAPS = 0x37b;
/** fninit; fldcw [3000h]; fld1; fldz; fdivp: leaves an error for what comes next. */
const DIVIDE_BY_ZERO = [0xdb, 0xe3, 0xd9, 0x2e, 0x00, 0x30, 0xd9, 0xe8, 0xd9, 0xee, 0xde, 0xf9];
const AT = BigInt(DIVIDE_BY_ZERO.length);
const FWAIT = 0x9b;
const HLT = 0xf4;
const VECTOR = 0x75;
const HANDLER = 0x7000;
const NUMERIC_ERROR = 0x20n;

/** A real-mode processor before the instruction with an error, its interrupts on, and what it says on FERR#. */
function atError(code: readonly number[], ignored = false): { cpu: BareCpu; pin: boolean[] } {
  const cpu = new BareCpu('real');
  const pin: boolean[] = [];
  cpu.onFloatingPointError = (asserted) => {
    pin.push(asserted);
    return ignored;
  };
  cpu.vector = VECTOR;
  cpu.memory.write32(VECTOR * 4, HANDLER);
  cpu.memory.write32(CONTROL_WORD, DIVISION_TRAPS);
  cpu.load([...DIVIDE_BY_ZERO, ...code, HLT]).set({ rflags: 0x202n });
  return { cpu, pin };
}

describe('an x87 error with CR0.NE clear', () => {
  it.each([
    { name: 'FWAIT', code: [FWAIT] },
    { name: 'a waiting instruction', code: [0xd9, 0xe8] },
    { name: 'an MMX instruction', code: [0x0f, 0xef, 0xc0] },
  ])('stops the processor before $name, with FERR# up', ({ code }) => {
    const { cpu, pin } = atError(code);
    expect(cpu.engine.run(1000).reason).toBe('halt');
    expect([cpu.state.rip, cpu.state.halted, pin.at(-1)]).toEqual([AT, true, true]);
    expect(cpu.engine.run(1000).reason).toBe('halt');
    expect(cpu.state.rip).toBe(AT);
  });

  it('goes on after an interrupt whose handler clears it, and takes FERR# down', () => {
    const { cpu, pin } = atError([0xd9, 0xe8]);
    cpu.memory.write(HANDLER, Uint8Array.of(0xdb, 0xe2, 0x66, 0x5b, 0x66, 0x53, 0xcf)); // fnclex; pop ebx; push ebx; iret
    cpu.engine.run(1000);
    cpu.engine.setInterruptRequest(true);
    cpu.engine.run(2);
    cpu.engine.setInterruptRequest(false);
    expect(cpu.engine.run(1000).reason).toBe('halt');
    expect(cpu.state.rip).toBe(AT + 3n);
    expect(cpu.state.general.rbx & 0xffffn).toBe(AT);
    expect(pin.at(-1)).toBe(false);
  });

  it('is ignored while IGNNE# is up', () => {
    const { cpu } = atError([0xd9, 0xe8], true);
    expect(cpu.engine.run(1000).reason).toBe('halt');
    expect(cpu.state.rip).toBe(AT + 3n);
  });

  it('is no business of instructions that do not wait', () => {
    const { cpu, pin } = atError([0xdf, 0xe0]); // fnstsw ax
    expect(cpu.engine.run(1000).reason).toBe('halt');
    expect(cpu.state.rip).toBe(AT + 3n);
    expect(pin).not.toContain(true);
  });
});

describe('an x87 error with CR0.NE set', () => {
  it('is #MF at the next waiting instruction', () => {
    const { cpu, pin } = atError([FWAIT]);
    cpu.set({ cr0: cpu.state.cr0 | NUMERIC_ERROR });
    cpu.memory.write32(16 * 4, HANDLER);
    cpu.memory.write8(HANDLER, HLT);
    expect(cpu.engine.run(1000).reason).toBe('halt');
    expect(cpu.state.rip).toBe(BigInt(HANDLER) + 1n);
    expect(pin).not.toContain(true);
  });
});
