import { expect, it } from 'vitest';
import { BareCpu } from '../../../testing/bare-cpu.js';
import { Random } from '../../../testing/random.js';

/** FSQRT against integer square roots: every result correctly rounded, with PE and C1 to match. */
const VALUES = 4000;
const INPUT = 0x20000;
const OUTPUT = 0x60000;
const STRIDE = 16;
const BIAS = 0x3fffn;
const TOP = 1n << 63n;
const C1 = 0x200;
const PE = 0x20;

// prettier-ignore
const SIGNIFICANDS = [TOP, TOP + 1n, TOP + 2n, (1n << 64n) - 1n, (1n << 64n) - 2n, 0xc000_0000_0000_0000n, 0xe100_0000_0000_0000n, 0xffff_ffff_0000_0000n, 0xffff_fffe_0000_0001n, 0x8000_0000_ffff_ffffn];

/** Largest integer whose square is not above n. */
function integerRoot(n: bigint): bigint {
  let x = 1n << 64n;
  for (;;) {
    const next = (x + n / x) >> 1n;
    if (next >= x) return x;
    x = next;
  }
}

/** Significand, biased exponent and status of the root. */
function expected(significand: bigint, exponent: bigint): string {
  const odd = (exponent - BIAS) & 1n;
  const radicand = significand << (63n + odd);
  const root = integerRoot(radicand);
  const rest = radicand - root * root;
  const up = rest > root;
  const status = (rest ? PE : 0) | (up ? C1 : 0);
  return `${root + (up ? 1n : 0n)} ${(exponent - BIAS - odd) / 2n + BIAS} ${status}`;
}

it('rounds every square root correctly', () => {
  const cpu = new BareCpu('protected');
  const random = new Random(5);
  const long = (): bigint => (BigInt(random.word()) << 32n) | BigInt(random.word());
  const values = Array.from({ length: VALUES }, (_, i) => {
    // Squares of short numbers are exact.
    const short = BigInt(random.word() | 1) ** 2n;
    const square = short << (64n - BigInt(short.toString(2).length));
    const significand = i < 2 * SIGNIFICANDS.length ? SIGNIFICANDS[i >> 1]! : i % 4 === 0 ? square : long() | TOP;
    return { significand, exponent: BIAS + BigInt(i & 1) + 2n * BigInt(random.below(100) - 50) };
  });
  const bytes = new DataView(new ArrayBuffer(VALUES * STRIDE));
  values.forEach(({ significand, exponent }, i) => {
    bytes.setBigUint64(i * STRIDE, significand, true);
    bytes.setUint16(i * STRIDE + 8, Number(exponent), true);
  });
  cpu.memory.write(INPUT, new Uint8Array(bytes.buffer));
  cpu.setRegisters({ rsi: BigInt(INPUT), rdi: BigInt(OUTPUT), rcx: BigInt(VALUES) });
  // fninit; l: fnclex; fld [esi]; fsqrt; fnstsw [edi+10]; fstp [edi]; add esi, 16; add edi, 16; loop l
  const body = [0xdb, 0xe2, 0xdb, 0x2e, 0xd9, 0xfa, 0xdd, 0x7f, 10, 0xdb, 0x3f, 0x83, 0xc6, STRIDE, 0x83, 0xc7, STRIDE];
  cpu.execute([0xdb, 0xe3, ...body, 0xe2, -(body.length + 2) & 0xff]);
  const output = Buffer.alloc(VALUES * STRIDE);
  cpu.memory.read(OUTPUT, output);
  values.forEach(({ significand, exponent }, i) => {
    const at = i * STRIDE;
    const status = output.readUInt16LE(at + 10) & (PE | C1);
    expect(`${output.readBigUInt64LE(at)} ${output.readUInt16LE(at + 8)} ${status}`, `root of ${significand}`).toBe(
      expected(significand, exponent),
    );
  });
});
