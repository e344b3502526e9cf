import { float32, float64, float80, integer64 } from '../../fp/operands.js';
import type { Random } from '../../fp/random.js';
import { FX, FX_BYTES, RECORD } from '../record.js';
import type { Template } from './template.js';

/** Mostly the reset value with some sticky flags; else any rounding mode, DAZ, FTZ and masks. */
export function randomMxcsr(random: Random): number {
  const sticky = random.below(3) === 0 ? 0 : random.below(64);
  const modes = (random.below(4) << 13) | (random.below(2) << 6) | (random.below(2) << 15);
  switch (random.below(8)) {
    case 0:
    case 1:
      return 0x1f80 | sticky;
    case 2:
      return (random.below(64) << 7) | modes | sticky;
    case 3:
      return random.below(16) === 0 ? random.u32() : 0x1f80 | modes;
    default:
      return 0x1f80 | modes | sticky;
  }
}

export type Kind = 'f32' | 'f64' | 'integer' | 'text';

const TEXT = [0, 1, 2, 3, 0x41, 0x5a, 0x61, 0x80, 0xff];

export function quadword(random: Random, kind: Kind): bigint {
  switch (kind) {
    case 'f32':
      return float32(random) | (float32(random) << 32n);
    case 'f64':
      return float64(random);
    case 'text': {
      let value = 0n;
      for (let i = 0; i < 8; i++) value = (value << 8n) | BigInt(random.pick(TEXT));
      return value;
    }
    default:
      return integer64(random);
  }
}

/** What an instruction takes its operands for. */
function kindOf({ mnemonic }: Template): Kind {
  if (/^pcmp[ei]str/.test(mnemonic)) return 'text';
  if (/^cvtt?(ps|ss)/.test(mnemonic) || /(ps|ss)$/.test(mnemonic)) return 'f32';
  if (/^cvtt?(pd|sd)/.test(mnemonic) || /(pd|sd)$/.test(mnemonic)) return 'f64';
  return 'integer';
}

const ST_STRIDE = 16;

/** An FXSAVE image with everything in it random, for FXRSTOR. */
export function fxImage(random: Random): Uint8Array {
  const image = new Uint8Array(FX_BYTES);
  const view = new DataView(image.buffer);
  for (let at = 0; at < FX_BYTES; at += 4) view.setUint32(at, random.u32(), true);
  view.setUint32(FX.mxcsr, random.below(8) === 0 ? random.u32() : randomMxcsr(random), true);
  view.setUint16(FX.fop, random.below(0x800), true);
  // Instruction and data pointers: canonical.
  view.setUint16(FX.fip + 6, 0, true);
  view.setUint16(FX.fdp + 6, 0, true);
  return image;
}

/** A floating-point state that integer instructions must leave alone. */
export function backgroundState(random: Random): Uint8Array {
  const image = new Uint8Array(FX_BYTES);
  const view = new DataView(image.buffer);
  view.setUint16(FX.fcw, 0x37f, true);
  view.setUint32(FX.mxcsr, 0x1f80, true);
  for (let i = 0; i < 8; i++) stackRegister(random, view, i);
  for (let at = FX.xmm; at < FX.end; at += 4) view.setUint32(at, random.u32(), true);
  return image;
}

function stackRegister(random: Random, view: DataView, index: number): void {
  const { significand, signExponent } = float80(random);
  view.setBigUint64(FX.st + index * ST_STRIDE, significand, true);
  view.setUint16(FX.st + index * ST_STRIDE + 8, signExponent, true);
}

/** Operands of one SIMD case: its two registers and XMM0, and what memory should hold. */
export function simdState(random: Random, template: Template, fx: DataView, reg: number, rm: number): bigint[] {
  const kind = kindOf(template);
  fx.setUint32(
    FX.mxcsr,
    kind === 'f32' || kind === 'f64' || /^cvt/.test(template.mnemonic) ? randomMxcsr(random) & 0xffff : 0x1f80,
    true,
  );
  const first = [quadword(random, kind), quadword(random, kind)];
  const related = random.below(6);
  const second =
    related === 0
      ? first
      : related === 1
        ? first.map((q) => q ^ (1n << 63n))
        : [quadword(random, kind), quadword(random, kind)];
  const mmx = template.operands.some((operand) => 'PQN'.includes(operand[0]!));
  const put = (index: number, [low, high]: readonly bigint[]): void => {
    if (mmx) fx.setBigUint64(FX.st + (index & 7) * ST_STRIDE, low!, true);
    fx.setBigUint64(FX.xmm + index * 16, low!, true);
    fx.setBigUint64(FX.xmm + index * 16 + 8, high!, true);
  };
  put(0, [quadword(random, kind), quadword(random, kind)]);
  put(rm, second);
  put(reg, first);
  return second;
}

/** Any x87 state: control, tags, top, registers; pending exceptions now and then. */
export function x87State(random: Random, fx: DataView): void {
  const modes = (random.below(4) << 10) | (random.pick([0, 2, 3, 3]) << 8);
  const masks = random.below(4) === 0 ? random.below(64) : 0x3f;
  const fcw = random.below(3) === 0 ? 0x37f : 0x40 | masks | modes;
  // What is sticky is masked, or pending.
  const sticky = random.below(3) === 0 ? random.below(0x80) & (random.below(8) === 0 ? 0x7f : fcw | 0x40) : 0;
  fx.setUint16(FX.fcw, fcw, true);
  fx.setUint16(FX.fsw, (random.u32() & 0x7f00) | sticky, true);
  const odd = random.below(6) === 0;
  fx.setUint8(FX.ftw, odd ? random.below(256) : 0x7f);
  if (!odd) rotateTags(fx);
  for (let i = 0; i < 8; i++) if (random.below(3) > 0) stackRegister(random, fx, i);
  if (random.below(4) === 0)
    for (let at = 0; at < 10; at += 2) fx.setUint16(FX.st + ST_STRIDE + at, fx.getUint16(FX.st + at, true), true);
}

/** ST(0)–ST(6) in use, ST(7) free: the tags of FXSAVE are by physical register. */
function rotateTags(fx: DataView): void {
  const top = (fx.getUint16(FX.fsw, true) >>> 11) & 7;
  const valid = fx.getUint8(FX.ftw);
  fx.setUint8(FX.ftw, ((valid << top) | (valid >>> (8 - top))) & 0xff);
}

export const fxOf = (records: DataView, index: number): DataView =>
  new DataView(records.buffer, records.byteOffset + index * RECORD.bytes + RECORD.fx, FX_BYTES);

/** Bytes fit for an x87 memory operand. */
export function x87Operand(random: Random, bytes: number, integers: boolean): bigint[] {
  if (bytes === 10) {
    const { significand, signExponent } = float80(random);
    return [significand, BigInt(signExponent)];
  }
  if (integers) return [integer64(random)];
  return [bytes === 4 ? float32(random) : float64(random)];
}
