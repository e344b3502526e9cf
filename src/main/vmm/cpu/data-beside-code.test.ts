import { expect, test } from 'vitest';
import { BareCpu } from '../../../testing/bare-cpu.js';

/** Pages that were code once, and are written again and again now: their code is forgotten, so that writes are fast. */
const PROGRAM = 0x1_4000;
const FUNCTION = 0x1_0800;
const NUMBER = FUNCTION + 1;
/** In the same page, far from any code. */
const DATA = 0x1_0100;
const SLICE = 10_000_000;
const MANY = 100_000;
/** Beside a region, which takes longer to make again. */
const VERY_MANY = 1_200_000;

const EAGER = { kind: 'translator', sampleInstructions: 50, hotSamples: 2 } as const;
const ENGINES = [{ kind: 'interpreter' }, EAGER] as const;

const little = (value: number): number[] => [0, 8, 16, 24].map((shift) => (value >>> shift) & 0xff);
/** mov edx, FUNCTION; call rdx; add ebx, eax */
const CALL = [0xba, ...little(FUNCTION), 0xff, 0xd2, 0x01, 0xc3];
/** mov eax, 5; ret */
const FIVE = [0xb8, 5, 0, 0, 0, 0xc3];

/** mov ecx, times; l: the body; dec ecx; jnz l */
function loop(times: number, body: readonly number[]): number[] {
  return [0xb9, ...little(times), ...body, 0xff, 0xc9, 0x75, -(body.length + 4) & 0xff];
}

/** mov [address], ecx */
const write = (address: number): number[] => [0x89, 0x0c, 0x25, ...little(address)];
/** mov byte [address], value */
const writeByte = (address: number, value: number): number[] => [0xc6, 0x04, 0x25, ...little(address), value];

function run(cpu: BareCpu, code: readonly number[]): void {
  cpu.load(FIVE, FUNCTION);
  cpu.load([...code, 0xf4], PROGRAM);
  cpu.set({ general: { ...cpu.state.general, rbx: 0n } });
  expect(cpu.run(SLICE).reason).toBe('halt');
}

const misses = (cpu: BareCpu): number => cpu.engine.stats.counters['tlbMisses']!;

test.each(ENGINES)('a page that was code is written without asking after a while ($kind)', (engine) => {
  const cpu = new BareCpu('long', engine);
  run(cpu, [...CALL, ...loop(MANY, write(DATA)), ...CALL]);
  expect(cpu.memory.read32(DATA)).toBe(1);
  expect(cpu.register('rbx')).toBe(10n);
  expect(misses(cpu)).toBeLessThan(MANY / 20);
});

test.each(ENGINES)('code that comes back to such a page is executed as it was written last ($kind)', (engine) => {
  const cpu = new BareCpu('long', engine);
  run(cpu, [...CALL, ...loop(MANY, write(DATA)), ...CALL, ...writeByte(NUMBER, 7), ...CALL]);
  expect(cpu.register('rbx')).toBe(17n);
});

test.each(ENGINES)('code used beside data that is written stays decoded for longer each time ($kind)', (engine) => {
  const cpu = new BareCpu('long', engine);
  run(cpu, loop(MANY, [...write(DATA), ...CALL]));
  expect(cpu.register('rbx')).toBe(BigInt(5 * MANY));
  expect(cpu.engine.stats.counters['codeInvalidations']).toBeLessThan(10);
});

test('a page with a region is given up, too, if it is written often enough', () => {
  const cpu = new BareCpu('long', EAGER);
  run(cpu, [...loop(1000, CALL), ...loop(VERY_MANY, write(DATA)), ...CALL]);
  expect(cpu.register('rbx')).toBe(5005n);
  const { counters } = cpu.engine.stats;
  expect(counters['regionsDropped']).toBeGreaterThan(0);
  const before = misses(cpu);
  run(cpu, loop(MANY, write(DATA)));
  expect(misses(cpu) - before).toBeLessThan(MANY / 20);
});
