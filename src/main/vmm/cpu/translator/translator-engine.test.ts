import { describe, expect, it } from 'vitest';
import { BareCpu, CODE_BASE, PAGE_TABLES } from '../../../../testing/bare-cpu.js';
import type { CpuState } from '../registers.js';

/** Samples so often that everything that loops is translated. */
const EAGER = { kind: 'translator', sampleInstructions: 50, hotSamples: 2 } as const;
const HLT = 0xf4;
const SLICE = 1000;
const SMAP = 1n << 21n;
const OSFXSR = 1n << 9n;

function finish(cpu: BareCpu): CpuState {
  let exit = cpu.engine.run(SLICE);
  while (exit.reason === 'budget' || exit.reason === 'interrupted') exit = cpu.engine.run(SLICE);
  expect(exit.reason).toBe('halt');
  return cpu.state;
}

/** Runs code on both software engines, which must agree; the translator's state. */
function runBoth(code: readonly number[], at = CODE_BASE): BareCpu {
  const cpus = [new BareCpu('long'), new BareCpu('long', EAGER)] as const;
  const [interpreted, translated] = cpus.map((cpu) => finish(cpu.load([...code, HLT], at)));
  expect(translated!.general).toEqual(interpreted!.general);
  expect(translated!.rflags).toBe(interpreted!.rflags);
  return cpus[1];
}

describe('the translator', () => {
  it('runs a loop in a region', () => {
    // xor eax, eax; mov ecx, 100000; l: add rax, rcx; dec ecx; jnz l
    const cpu = runBoth([0x31, 0xc0, 0xb9, 0xa0, 0x86, 0x01, 0x00, 0x48, 0x01, 0xc8, 0xff, 0xc9, 0x75, 0xf9]);
    expect(cpu.register('rax')).toBe(5000050000n);
    expect(cpu.engine.stats.counters['regionInstructions']).toBeGreaterThan(250_000);
    const { regions, hottest } = cpu.engine.stats.translator!;
    const list = hottest();
    expect(list).toHaveLength(regions);
    expect(list[0]!.code).toContain('add rax,rcx; dec ecx; j');
    expect(list[0]!.uses).toBeGreaterThan(10);
  });

  it('tells what regions are left for', () => {
    // pcmpeqd xmm0, xmm0; mov ecx, 5000; l: mulsd xmm0, xmm0, which is the interpreter's for a NaN; dec ecx; jnz l
    const loop = [0xf2, 0x0f, 0x59, 0xc0, 0xff, 0xc9, 0x75, 0xf8];
    const { counters } = runBoth([0x66, 0x0f, 0x76, 0xc0, 0xb9, 0x88, 0x13, 0, 0, ...loop]).engine.stats;
    const exits = Object.entries(counters).filter(([name]) => name.startsWith('regionExit.'));
    expect(exits.reduce((sum, [, count]) => sum + count, 0)).toBe(counters['regionsEntered']);
    expect(counters['regionExit.vector']).toBeGreaterThan(4000);
    expect(counters['regionExit.port']).toBe(0);
  });

  it('tells where the kernel takes system calls, by SYSCALL or else by SYSENTER', () => {
    const cpu = new BareCpu('protected', EAGER);
    const entry = (): string => cpu.engine.stats.translator!.syscallEntry;
    expect(entry()).toBe('0');
    cpu.set({ msrs: { ...cpu.state.msrs, [0x176]: 0xc1a0_0000n } });
    expect(entry()).toBe('c1a00000');
    cpu.set({ msrs: { ...cpu.state.msrs, [0xc000_0082]: 0xffff_ffff_81c0_0000n } });
    expect(entry()).toBe('ffffffff81c00000');
  });

  it('counts the instructions of regions as the interpreter does', () => {
    // mov ecx, 5000; l: dec ecx; jnz l
    const cpu = runBoth([0xb9, 0x88, 0x13, 0, 0, 0xff, 0xc9, 0x75, 0xfc]);
    expect(cpu.engine.stats.instructions).toBe(10_002);
  });

  it('stays in a loop that goes over a page border', () => {
    // mov ecx, 100000; l: add rax, rcx; 16 × nop; dec ecx; jnz l
    const nops = new Array<number>(16).fill(0x90);
    const code = [0xb9, 0xa0, 0x86, 0x01, 0x00, 0x48, 0x01, 0xc8, ...nops, 0xff, 0xc9, 0x75, 0xe9];
    const cpu = runBoth(code, CODE_BASE + 0xff0);
    expect(cpu.register('rax')).toBe(5000050000n);
    expect(cpu.engine.stats.counters['regionInstructions']).toBeGreaterThan(1_000_000);
  });

  it('does an instruction that reaches into the next page', () => {
    // mov ecx, 100000; l: add rax, 1000; dec ecx; jnz l
    const code = [0xb9, 0xa0, 0x86, 0x01, 0x00, 0x48, 0x05, 0xe8, 0x03, 0, 0, 0xff, 0xc9, 0x75, 0xf6];
    const cpu = runBoth(code, CODE_BASE + 0xff8);
    expect(cpu.register('rax')).toBe(100_000_000n);
    expect(cpu.engine.stats.counters['regionInstructions']).toBeGreaterThan(290_000);
  });

  it('obeys what is written to the part of an instruction in the next page', () => {
    // mov ecx, 3000; l: add eax, 1 (a byte of the immediate becomes CL each time); mov [rip-13], cl; dec ecx; jnz l
    const code = [
      0xb9, 0xb8, 0x0b, 0, 0, 0x05, 0x01, 0, 0, 0, 0x88, 0x0d, 0xf7, 0xff, 0xff, 0xff, 0xff, 0xc9, 0x75, 0xf1,
    ]; // prettier-ignore
    let expected = 0;
    let immediate = 1;
    for (let count = 3000; count > 0; count--) {
      expected = (expected + immediate) >>> 0;
      immediate = 1 | ((count & 0xff) << 8);
    }
    // The immediate's first byte is the page's last.
    const cpu = runBoth(code, CODE_BASE + 0x1000 - 7);
    expect(cpu.register('rax')).toBe(BigInt(expected));
  });

  it('obeys code that is written while its region runs', () => {
    // mov ecx, 3000; l: add eax, 1 (the immediate becomes CL each time); mov [rip-4], cl; dec ecx; jnz l
    const code = [0xb9, 0xb8, 0x0b, 0, 0, 0x83, 0xc0, 0x01, 0x88, 0x0d, 0xf9, 0xff, 0xff, 0xff, 0xff, 0xc9, 0x75, 0xf3];
    let expected = 0;
    let immediate = 1;
    for (let count = 3000; count > 0; count--) {
      expected = (expected + ((immediate << 24) >> 24)) >>> 0;
      immediate = count & 0xff;
    }
    expect(runBoth(code).register('rax')).toBe(BigInt(expected));
  });

  it('calls and returns within a region', () => {
    // mov ecx, 20000; l: call f; dec ecx; jnz l; jmp end; f: add rax, rcx; ret; end:
    const code = [0xb9, 0x20, 0x4e, 0, 0, 0xe8, 6, 0, 0, 0, 0xff, 0xc9, 0x75, 0xf7, 0xeb, 4, 0x48, 0x01, 0xc8, 0xc3];
    const cpu = runBoth(code);
    expect(cpu.register('rax')).toBe(200_010_000n);
    expect(cpu.engine.stats.counters['regionInstructions']).toBeGreaterThan(80_000);
  });

  it('asks the core in a region for what the TLB keeps lacking', () => {
    // Two addresses that share an entry of the TLB: mov esi, 0x100000; mov edi, 0x2100000; mov ecx, 20000;
    // l: add rax, [rsi]; inc dword [rdi]; xchg rsi, rdi; dec ecx; jnz l
    const code = [
      0xbe, 0, 0, 0x10, 0, 0xbf, 0, 0, 0x10, 2, 0xb9, 0x20, 0x4e, 0, 0, 0x48, 0x03, 0x06, 0xff, 0x07, 0x48, 0x87, 0xf7, 0xff, 0xc9, 0x75, 0xf4,
    ]; // prettier-ignore
    const [told, untold] = [100, 1_000_000].map((tellingMisses) => {
      const cpu = new BareCpu('long', { ...EAGER, tellingMisses });
      cpu.write64(PAGE_TABLES + 0x2000 + 16 * 8, 0x80_0087n);
      finish(cpu.load([...code, HLT]));
      expect(cpu.register('rax')).toBe(100_000_000n);
      return cpu.engine.stats.counters['regionSteps']!;
    });
    expect(untold).toBeGreaterThan(10_000);
    expect(told).toBeLessThan(1000);
  });

  it('leaves a group of accesses over a page border to the interpreter, and goes on', () => {
    // mov esi, 0x200ffc; mov ecx, 5000; l: inc dword [rsi]; inc dword [rsi + 4]; inc dword [rsi + 8]; dec ecx; jnz l
    const code = [
      0xbe, 0xfc, 0x0f, 0x20, 0, 0xb9, 0x88, 0x13, 0, 0, 0xff, 0x06, 0xff, 0x46, 0x04, 0xff, 0x46, 0x08, 0xff, 0xc9, 0x75, 0xf4,
    ]; // prettier-ignore
    const cpu = runBoth(code);
    for (const at of [0x20_0ffc, 0x20_1000, 0x20_1004]) expect(cpu.memory.read32(at)).toBe(5000);
  });

  it('writes and reads across a page border in its region, wherever the second page is', () => {
    // mov esi, 0x3ffffc; mov edi, 0x7ffff3; mov ecx, 20000; l: mov rbx, rcx; shl rbx, 24; add [rsi], rbx; movq xmm0, [rsi];
    // pshufd xmm0, xmm0, 0x11; movups [rdi], xmm0; add rax, [rdi + 6]; dec ecx; jnz l
    const code = [
      0xbe, 0xfc, 0xff, 0x3f, 0, 0xbf, 0xf3, 0xff, 0x7f, 0, 0xb9, 0x20, 0x4e, 0, 0, 0x48, 0x89, 0xcb, 0x48, 0xc1, 0xe3, 0x18,
      0x48, 0x01, 0x1e, 0xf3, 0x0f, 0x7e, 0x06, 0x66, 0x0f, 0x70, 0xc0, 0x11, 0x0f, 0x11, 0x07, 0x48, 0x03, 0x47, 0x06,
      0xff, 0xc9, 0x75, 0xe2, HLT,
    ]; // prettier-ignore
    const [interpreted, translated] = [undefined, { ...EAGER, tellingMisses: 100 }].map((options) => {
      const cpu = new BareCpu('long', options);
      cpu.set({ cr4: cpu.state.cr4 | OSFXSR });
      // The pages behind the borders are not those behind in memory.
      for (const [page, frame] of [[2, 5], [4, 6]] as const) cpu.write64(PAGE_TABLES + 0x2000 + page * 8, BigInt(frame << 21) | 0x87n); // prettier-ignore
      finish(cpu.load(code));
      return cpu;
    });
    const sum = 200_010_000n << 24n;
    expect(translated!.memory.read32(0x3f_fffc)).toBe(Number(sum & 0xffff_ffffn));
    expect(translated!.memory.read32(0xa0_0000)).toBe(Number(sum >> 32n));
    expect(translated!.memory.read32(0xc0_0000)).toBe(interpreted!.memory.read32(0xc0_0000));
    expect(translated!.memory.read32(0x80_0000)).toBe(0);
    expect(translated!.state.general).toEqual(interpreted!.state.general);
    expect(translated!.engine.stats.counters['regionSteps']).toBeLessThan(1000);
  });

  it('looks anew at what may be reached once the privilege has changed', () => {
    // mov esi, 0x400000; mov ecx, 3000; stac; mov eax, [rsi]; clac; l: stac; mov eax, [rsi]; clac; mov edx, [rsi + 4];
    // dec ecx; jnz l
    const allowed = [0x0f, 0x01, 0xcb, 0x8b, 0x06, 0x0f, 0x01, 0xca];
    const set = [0xbe, 0, 0, 0x40, 0, 0xb9, 0xb8, 0x0b, 0, 0];
    const code = [...set, ...allowed, ...allowed, 0x8b, 0x56, 0x04, 0xff, 0xc9, 0x75, 0xf1];
    const cpu = new BareCpu('long', EAGER);
    // 2 MiB pages: the third is the user's, the others are not.
    for (let i = 0; i < 8; i++) cpu.write64(PAGE_TABLES + 0x2000 + i * 8, BigInt(i << 21) | (i === 2 ? 0x87n : 0x83n));
    finish(cpu.load([...code, HLT]));
    const { regionInstructions } = cpu.engine.stats.counters;
    expect(regionInstructions).toBeGreaterThan(10_000);
    // With SMAP a supervisor reads the user's page between STAC and CLAC only.
    cpu.set({ cr4: cpu.state.cr4 | SMAP, rip: BigInt(CODE_BASE), halted: false });
    expect(cpu.engine.run(SLICE).reason).toBe('shutdown');
    expect(cpu.state.cr2).toBe(0x40_0004n);
    expect(cpu.engine.stats.counters['regionInstructions']).toBeGreaterThan(regionInstructions!);
  });
});
