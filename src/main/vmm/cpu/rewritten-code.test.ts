import { expect, test } from 'vitest';
import { BareCpu, PAGE_TABLES } from '../../../testing/bare-cpu.js';

/** Code that is written between its calls is executed as it was written last, by whatever translation it was written. */
const PROGRAM = 0x1_4000;
/** mov eax, NUMBER; ret */
const FUNCTION = 0x1_0800;
const NUMBER = FUNCTION + 1;
/** Where the first 2 MiB are mapped once more. */
const ALIAS = 0x20_0000;
const ROUNDS = 100;
const SLICE = 100_000;

const USER_CODE = 0xa0fb;
const USER_DATA = 0xc0f3;
const PCIDE = 1n << 17n;
const KEEP = 1n << 63n;

const EAGER = { kind: 'translator', sampleInstructions: 50, hotSamples: 2 } as const;
const ENGINES = [{ kind: 'interpreter' }, EAGER] as const;

const little = (value: number): number[] => [0, 8, 16, 24].map((shift) => (value >>> shift) & 0xff);

/** mov [address], ecx */
const write = (address: number): number[] => [0x89, 0x0c, 0x25, ...little(address)];
/** inc ecx */
const INCREMENT = [0xff, 0xc1];
/** mov edx, FUNCTION; call rdx; add ebx, eax */
const CALL = [0xba, ...little(FUNCTION), 0xff, 0xd2, 0x01, 0xc3];
/** mov cr3, r8 or r9 */
const ENTER_R8 = [0x41, 0x0f, 0x22, 0xd8];
const ENTER_R9 = [0x41, 0x0f, 0x22, 0xd9];

interface Case {
  readonly name: string;
  readonly body: readonly number[];
  readonly user?: true;
}

const CASES: readonly Case[] = [
  { name: 'by one page', body: [...write(NUMBER), ...CALL] },
  { name: 'by one page, in user mode', body: [...write(NUMBER), ...CALL], user: true },
  {
    name: 'by two pages in turn',
    body: [...write(ALIAS + NUMBER), ...write(NUMBER), ...CALL, ...INCREMENT, ...write(ALIAS + NUMBER), ...CALL],
  },
  {
    name: 'by two pages in turn, in user mode',
    body: [...write(ALIAS + NUMBER), ...write(NUMBER), ...CALL, ...INCREMENT, ...write(ALIAS + NUMBER), ...CALL],
    user: true,
  },
  {
    name: 'in another process context than it is executed in',
    body: [...write(NUMBER), ...ENTER_R8, ...CALL, ...ENTER_R9],
  },
];

test.each(ENGINES.flatMap((engine) => CASES.map((each) => ({ ...each, engine, kind: engine.kind }))))(
  'code that is written $name is executed as it was written last ($kind)',
  ({ engine, body, user }) => {
    const cpu = new BareCpu('long', engine);
    const { segments, general, cr4 } = cpu.state;
    cpu.load([0xb8, 0, 0, 0, 0, 0xc3], FUNCTION);
    cpu.write64(PAGE_TABLES + 0x2000 + 8, 0x87n);
    // l: inc ecx; the body; cmp ecx, ROUNDS; jne l; jmp $
    const back = -(2 + body.length + 3 + 2);
    cpu.load([...INCREMENT, ...body, 0x83, 0xf9, ROUNDS, 0x75, back & 0xff, 0xeb, 0xfe], PROGRAM);
    const tables = BigInt(PAGE_TABLES);
    cpu.set({
      cr4: cr4 | PCIDE,
      general: { ...general, rcx: 0n, rbx: 0n, r8: (tables + 1n) | KEEP, r9: tables | KEEP },
      segments: user
        ? {
            ...segments,
            cs: { ...segments.cs, selector: 0x2b, attributes: USER_CODE },
            ss: { ...segments.ss, selector: 0x33, attributes: USER_DATA },
          }
        : segments,
    });
    expect(cpu.engine.run(SLICE).reason).toBe('budget');
    expect(cpu.register('rcx')).toBe(BigInt(ROUNDS));
    expect(cpu.register('rbx')).toBe(BigInt((ROUNDS * (ROUNDS + 1)) / 2));
  },
);
