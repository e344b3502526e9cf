import { describe, expect, it } from 'vitest';
import { BareCpu, CODE_BASE, IDT, PAGE_TABLES } from '../../../../testing/bare-cpu.js';

/** Samples so often that everything that loops is translated. */
const EAGER = { kind: 'translator', sampleInstructions: 50, hotSamples: 2 } as const;
const SLICE = 1000;
const ROUNDS = 5000;
const HLT = 0xf4;
/** A 64-bit code segment of the descriptor table, to come back to. */
const CODE64 = 0x18;
const MSR_STAR = 0xc000_0081;
const MSR_LSTAR = 0xc000_0082;
const HANDLER = CODE_BASE + 0x100;
const VECTOR = 0x40;

const PCIDE = 1n << 17n;
/** Bit 63 of a value for CR3. */
const KEEP = 1n << 63n;
const OTHER_TABLES = 0x20_0000;
const OTHER_CODE = CODE_BASE + 0x2000;

/** Tables that map 2 MiB as they are, but for the code's page. */
function mapOtherCode(cpu: BareCpu): void {
  for (let i = 0; i < 3; i++) cpu.write64(OTHER_TABLES + i * 0x1000, BigInt(OTHER_TABLES + (i + 1) * 0x1000) | 7n);
  for (let i = 0; i < 512; i++) {
    const frame = i === CODE_BASE >>> 12 ? OTHER_CODE : i << 12;
    cpu.write64(OTHER_TABLES + 0x3000 + i * 8, BigInt(frame) | 7n);
  }
}

const little = (value: number): number[] => [0, 8, 16, 24].map((shift) => (value >>> shift) & 0xff);

interface Program {
  readonly code: readonly number[];
  /** At HANDLER. */
  readonly handler?: readonly number[];
  readonly prepare?: (cpu: BareCpu) => void;
}

/** Runs a program on both software engines, which must agree; the translator's processor. */
function runBoth({ code, handler = [], prepare = () => undefined }: Program): BareCpu {
  const [interpreted, translated] = [new BareCpu('long'), new BareCpu('long', EAGER)].map((cpu) => {
    const { segments, msrs } = cpu.state;
    const cs = { ...segments.cs, selector: CODE64 };
    cpu.set({
      segments: { ...segments, cs },
      msrs: { ...msrs, [MSR_STAR]: 0x0010_0008n << 32n, [MSR_LSTAR]: BigInt(HANDLER) },
    });
    cpu.load([...handler], HANDLER).load([...code, HLT]);
    cpu.portRead = (port) => port & 0x0f;
    prepare(cpu);
    let exit = cpu.engine.run(SLICE);
    while (exit.reason === 'budget') exit = cpu.engine.run(SLICE);
    expect(exit.reason).toBe('halt');
    return cpu;
  }) as [BareCpu, BareCpu];
  expect(translated.state).toEqual({ ...interpreted.state, withheldFeatures: translated.state.withheldFeatures });
  expect(translated.portWrites).toEqual(interpreted.portWrites);
  return translated;
}

/** How often the main loop went into regions, and regions were entered at all. */
function entries(cpu: BareCpu): { byMainLoop: number; all: number } {
  const { counters, translator } = cpu.engine.stats;
  const byMainLoop = translator!.hottest().reduce((sum, { uses }) => sum + uses, 0);
  return { byMainLoop, all: counters['regionsEntered']! };
}

describe('system instructions in regions', () => {
  it('do not end a region that goes on behind them', () => {
    const cpu = runBoth({
      // mov r9d, ROUNDS; l: mov rax, cr3; mov cr3, rax; invlpg [rsp]; mov ecx, FS_BASE; xor edx, edx; mov eax, r9d; wrmsr;
      // out 80h, al; in al, 81h; movzx eax, al; add ebx, eax; dec r9d; jnz l
      code: [
        0x41, 0xb9, 0x88, 0x13, 0, 0, 0x0f, 0x20, 0xd8, 0x0f, 0x22, 0xd8, 0x0f, 0x01, 0x3c, 0x24, 0xb9, 0, 1, 0, 0xc0, 0x31, 0xd2,
        0x44, 0x89, 0xc8, 0x0f, 0x30, 0xe6, 0x80, 0xe4, 0x81, 0x0f, 0xb6, 0xc0, 0x01, 0xc3, 0x41, 0xff, 0xc9, 0x75, 0xdc,
      ], // prettier-ignore
    });
    expect(cpu.register('rbx')).toBe(BigInt(ROUNDS));
    expect(cpu.portWrites).toHaveLength(ROUNDS);
    expect(cpu.state.segments.fs.base).toBe(1n);
    expect(cpu.engine.stats.counters['regionInstructions']).toBeGreaterThan(12 * ROUNDS);
    expect(entries(cpu).all).toBeLessThan(ROUNDS / 2);
  });

  it('lead from region to region by SYSCALL and SYSRET', () => {
    const cpu = runBoth({
      // lea rcx, [user]; mov r11d, 202h; mov r10d, ROUNDS; sysretq; user: syscall; add rbx, rax; dec r10d; jnz user; syscall
      code: [
        0x48, 0x8d, 0x0d, 0x0f, 0, 0, 0, 0x41, 0xbb, 0x02, 0x02, 0, 0, 0x41, 0xba, 0x88, 0x13, 0, 0, 0x48, 0x0f, 0x07,
        0x0f, 0x05, 0x48, 0x01, 0xc3, 0x41, 0xff, 0xca, 0x75, 0xf6, 0x0f, 0x05,
      ], // prettier-ignore
      // add rax, 1; test r10, r10; jz end; sysretq; end: hlt
      handler: [0x48, 0x83, 0xc0, 0x01, 0x4d, 0x85, 0xd2, 0x74, 0x03, 0x48, 0x0f, 0x07, HLT],
    });
    expect(cpu.register('rax')).toBe(BigInt(ROUNDS + 1));
    expect(cpu.register('rbx')).toBe(BigInt((ROUNDS * (ROUNDS + 1)) / 2));
    const { byMainLoop, all } = entries(cpu);
    expect(all).toBeGreaterThan(1.5 * ROUNDS);
    expect(byMainLoop).toBeLessThan(all / 4);
  });

  it('lead from region to region by IRET', () => {
    const cpu = runBoth({
      // mov ecx, ROUNDS; l: mov rax, rsp; push 10h; push rax; pushfq; push 18h; lea rdx, [next]; push rdx; iretq;
      // next: add rbx, 1; dec ecx; jnz l
      code: [
        0xb9, 0x88, 0x13, 0, 0, 0x48, 0x89, 0xe0, 0x6a, 0x10, 0x50, 0x9c, 0x6a, 0x18, 0x48, 0x8d, 0x15, 3, 0, 0, 0, 0x52, 0x48, 0xcf,
        0x48, 0x83, 0xc3, 0x01, 0xff, 0xc9, 0x75, 0xe5,
      ], // prettier-ignore
    });
    expect(cpu.register('rbx')).toBe(BigInt(ROUNDS));
    const { byMainLoop, all } = entries(cpu);
    expect(all).toBeGreaterThan(0.9 * ROUNDS);
    expect(byMainLoop).toBeLessThan(all / 4);
  });

  it('let an interrupt that they bring about come right behind them', () => {
    const cpu = runBoth({
      // sti; mov r9d, ROUNDS; l: out 80h, al; add rbx, 1; dec r9d; jnz l
      code: [0xfb, 0x41, 0xb9, 0x88, 0x13, 0, 0, 0xe6, 0x80, 0x48, 0x83, 0xc3, 0x01, 0x41, 0xff, 0xc9, 0x75, 0xf5],
      // add r8, rbx; out 81h, al; iretq
      handler: [0x49, 0x01, 0xd8, 0xe6, 0x81, 0x48, 0xcf],
      prepare: (cpu) => {
        cpu.vector = VECTOR;
        cpu.onPortWrite = (port) => cpu.engine.setInterruptRequest(port === 0x80);
        const gate =
          BigInt(HANDLER & 0xffff) | (BigInt(CODE64) << 16n) | (0x8e00n << 32n) | (BigInt(HANDLER >>> 16) << 48n);
        cpu.write64(IDT + VECTOR * 16, gate);
      },
    });
    expect(cpu.register('r8')).toBe(BigInt((ROUNDS * (ROUNDS - 1)) / 2));
    expect(cpu.engine.stats.counters['externalInterrupts']).toBe(ROUNDS);
    expect(cpu.engine.stats.counters['regionInstructions']).toBeGreaterThan(3 * ROUNDS);
  });

  for (const [name, pcids] of [
    ['dropping what was known', false],
    ['between contexts that are kept', true],
  ] as const) {
    it(`leave a region whose page is elsewhere behind a change of CR3, ${name}`, () => {
      // From one linear page two sets of tables lead to two with different code behind the MOV to CR3.
      // l: mov cr3, rax; add rbx, 1 (elsewhere 2); xchg rax, rdx; dec ecx; jnz l
      const loop = (step: number) => [0x0f, 0x22, 0xd8, 0x48, 0x83, 0xc3, step, 0x48, 0x92, 0xff, 0xc9, 0x75, 0xf3];
      const cpu = runBoth({
        code: loop(1),
        prepare: (cpu) => {
          const { cr3, cr4 } = cpu.state;
          cpu.load([...loop(2), HLT], OTHER_CODE);
          mapOtherCode(cpu);
          if (pcids) cpu.set({ cr4: cr4 | PCIDE });
          cpu.setRegisters({
            rax: pcids ? KEEP | 1n | BigInt(OTHER_TABLES) : BigInt(OTHER_TABLES),
            rdx: pcids ? KEEP | cr3 : cr3,
            rcx: BigInt(ROUNDS),
          });
          cpu.set({ rip: BigInt(CODE_BASE) });
        },
      });
      expect(cpu.register('rbx')).toBe(BigInt(ROUNDS / 2) * 3n);
      expect(cpu.engine.stats.counters['regionInstructions']).toBeGreaterThan(ROUNDS);
      const flushes = cpu.engine.stats.counters['tlbFlushes']!;
      if (pcids) expect(flushes).toBeLessThan(50);
      else expect(flushes).toBeGreaterThan(ROUNDS);
    });
  }

  it('forget all of a large page by one INVLPG', () => {
    const [page, elsewhere, change] = [0x40_0000, 0x60_0000, 1000];
    const entry = PAGE_TABLES + 0x2000 + (page >>> 21) * 8;
    const cpu = runBoth({
      // mov ecx, ROUNDS; l: add eax, [rsi]; add ebx, [rdi]; cmp ecx, change; jne s;
      // mov dword [entry], elsewhere; invlpg [rsi]; s: dec ecx; jnz l
      code: [
        0xb9, ...little(ROUNDS), 0x03, 0x06, 0x03, 0x1f, 0x81, 0xf9, ...little(change), 0x75, 14,
        0xc7, 0x04, 0x25, ...little(entry), ...little(elsewhere | 0x87), 0x0f, 0x01, 0x3e, 0xff, 0xc9, 0x75, 0xe2,
      ],
      prepare: (cpu) => {
        cpu.setRegisters({ rsi: BigInt(page + 0x3000), rdi: BigInt(page + 0x5000) });
        const values = [[page + 0x3000, 1], [page + 0x5000, 2], [elsewhere + 0x3000, 10], [elsewhere + 0x5000, 20]] as const;
        for (const [address, value] of values) cpu.memory.write32(address, value);
      },
    }); // prettier-ignore
    // The change comes at the end of a round.
    expect(cpu.register('rax')).toBe(BigInt(ROUNDS - change + 1 + (change - 1) * 10));
    expect(cpu.register('rbx')).toBe(2n * cpu.register('rax'));
    expect(cpu.engine.stats.counters['regionInstructions']).toBeGreaterThan(ROUNDS * 4);
  });

  it('obey code that a kept context has write access to from before it was decoded', () => {
    // The second context writes to f, whose page the first then decodes; f adds what is written to RBX.
    // l: mov cr3, rdx; mov [f + 3], cl; mov cr3, rax; call f; dec ecx; jnz l; hlt; f: add rbx, imm8; ret
    const f = CODE_BASE + 0x3000;
    const address = [f & 0xff, (f >> 8) & 0xff, f >> 16, 0];
    const store = [0x88, 0x0c, 0x25, f + 3 - ((f >> 8) << 8), ...address.slice(1)];
    const body = [0x0f, 0x22, 0xda, ...store, 0x0f, 0x22, 0xd8];
    const call = [0xe8, ...little(f - (CODE_BASE + body.length + 5))];
    const cpu = runBoth({
      code: [...body, ...call, 0xff, 0xc9, 0x75, 256 - (body.length + call.length + 4)],
      prepare: (cpu) => {
        const { cr3, cr4 } = cpu.state;
        cpu.load([0x48, 0x83, 0xc3, 0, 0xc3], f);
        mapOtherCode(cpu);
        cpu.write64(OTHER_TABLES + 0x3000 + (CODE_BASE >>> 12) * 8, BigInt(CODE_BASE) | 7n);
        cpu.set({ cr4: cr4 | PCIDE, rip: BigInt(CODE_BASE) });
        cpu.setRegisters({ rax: KEEP | cr3, rdx: KEEP | 1n | BigInt(OTHER_TABLES), rcx: 100n });
      },
    });
    expect(cpu.register('rbx')).toBe(5050n);
  });
});
