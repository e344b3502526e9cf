import { memoryOperand } from './addressing.js';
import { CS, DS, ES, FS, GS, SS, type CaseBuilder } from './case-builder.js';
import { hookOf, type Chosen } from './hooks.js';
import { integer } from './values.js';
import type { Template } from './template.js';

const SEGMENT_PREFIXES: readonly (readonly [number, number])[] = [
  [0x26, ES], [0x2e, CS], [0x36, SS], [0x3e, DS], [0x64, FS], [0x65, GS],
]; // prettier-ignore
export const MANDATORY = { 'any': undefined, 'none': undefined, '66': 0x66, 'F2': 0xf2, 'F3': 0xf3 } as const;
export const MAPS: readonly (readonly number[])[] = [[], [0x0f], [0x0f, 0x38], [0x0f, 0x3a]];
const REX_W = 8;
const REX_R = 4;
const REX_B = 1;
const MAX_LENGTH = 15;

/** Opcodes of the 0F map that mean something else after F2 or F3 on some processor; see `mayRepeat`. */
export function mayRepeat({ family, encoding }: Template): boolean {
  if (family !== 'integer' || encoding.prefix !== 'any') return false;
  const { map, opcode } = encoding;
  if (map === 0) return opcode !== 0x90;
  if (map !== 1) return false;
  return (opcode >= 0x40 && opcode < 0x50) || (opcode >= 0x80 && opcode < 0xa0) || (opcode >= 0xc8 && opcode < 0xd0);
}

/** Where a byte string would be another row of the table: an operand-size prefix that selects. */
export function mayResize({ encoding, family }: Template): boolean {
  if (family === 'integer') return encoding.prefix !== 'none' && encoding.prefix !== '66';
  return family === 'x87' || encoding.prefix === 'F2' || encoding.prefix === 'F3';
}

/** Bytes of the operand size that prefixes give the instruction. */
export function operandBytes(
  b: Pick<CaseBuilder, 'long' | 'width'>,
  { size }: Template,
  resized: boolean,
  wide: boolean,
): number {
  if (size === 'byte') return 1;
  if (b.long) {
    if (size === 'always64') return 8;
    if (wide) return 8;
    if (resized && size !== 'y') return 2;
    return size === 'default64' ? 8 : 4;
  }
  if (size === 'y') return 4;
  return (b.width === 4) !== resized ? 4 : 2;
}

const nibble = (value: number, count: number): number[] =>
  Array.from({ length: count }, (_, i) => (value >>> (8 * i)) & 0xff);

function bytesOf(value: bigint, count: number): number[] {
  return Array.from({ length: count }, (_, i) => Number((value >> BigInt(8 * i)) & 0xffn));
}

export interface MadeCase {
  readonly code: number[];
  readonly chosen: Chosen;
}

/**
 * Makes up one instruction of a row: prefixes, operands, and whatever it needs to be worth executing.
 * @param alone it may move to the end of a page
 */
export function makeCase(b: CaseBuilder, template: Template, alone = true): MadeCase {
  const { random } = b;
  const { encoding } = template;
  const prefixes: number[] = [];
  const mandatory = MANDATORY[encoding.prefix];
  if (mandatory !== undefined) prefixes.push(mandatory);
  const resized = mayResize(template) && b.chance(3);
  if (resized) prefixes.push(0x66);
  const readdressed = b.chance(8);
  if (readdressed) prefixes.push(0x67);
  let override: number | undefined;
  const hook = hookOf(template);
  if (b.chance(7) && !(hook?.control && !b.mode.startsWith('segmented'))) {
    const [prefix, segment] = random.pick(SEGMENT_PREFIXES);
    prefixes.push(prefix);
    override = b.long && segment < FS ? undefined : segment;
  }
  const repeat =
    mayRepeat(template) && random.below(/^[acilmosu]*[nmlciuos][a-z]*s/.test(template.mnemonic) ? 2 : 20) === 0;
  const repeatPrefix = random.below(2) === 0 ? 0xf2 : 0xf3;
  if (repeat) prefixes.push(repeatPrefix);
  const lockable = template.family === 'integer' && 'lock' in template.row;
  const lock = lockable ? b.chance(8) : random.below(64) === 0;
  if (lock) prefixes.push(0xf0);
  b.locks = lock || template.mnemonic === 'xchg';
  shuffle(b, prefixes);

  let rex = 0;
  let hasRex = false;
  if (b.long) {
    hasRex = random.below(2) === 0;
    if (hasRex && random.below(2) === 0 && encoding.rexW !== false) rex |= REX_W;
    if (encoding.rexW === true) rex |= REX_W;
  }
  const bytes = operandBytes(b, template, resized, (rex & REX_W) !== 0);
  const width = b.long ? (readdressed ? 4 : 8) : (b.width === 4) !== readdressed ? 4 : 2;
  const chosen: Chosen = {
    bytes,
    width,
    override,
    repeat: repeat ? repeatPrefix : 0,
    lock,
    memory: false,
    linear: -1,
    reg: 0,
    rm: 0,
  };
  hook?.before?.(b, chosen);

  const opcode = [...MAPS[encoding.map]!];
  let relativeAt = -1;
  let modrm: number[] = [];
  const extended = random.below(2) === 0 && hasRex ? 8 : 0;
  if (encoding.registerInOpcode) {
    chosen.rm = random.below(8);
    opcode.push(encoding.opcode | chosen.rm);
    if (extended) rex |= REX_B;
    chosen.rm |= extended;
  } else opcode.push(encoding.opcode);
  if (encoding.modrmByte !== undefined) {
    chosen.rm = encoding.registerInModrm ? random.below(8) : encoding.modrmByte & 7;
    modrm = [encoding.registerInModrm ? (encoding.modrmByte & 0xf8) | chosen.rm : encoding.modrmByte];
  } else if (encoding.modrm) {
    chosen.reg = encoding.digit ?? chosen.wantedReg ?? random.below(8);
    if (encoding.digit === undefined && chosen.wantedReg === undefined && hasRex && random.below(2) === 0) {
      rex |= REX_R;
      chosen.reg |= 8;
    }
    chosen.memory = template.memoryForm && (!template.registerForm || random.below(2) === 0);
    if (chosen.memory) {
      const operand = memoryOperand(b, { width, size: template.memoryBytes(bytes), override });
      modrm = operand.bytes;
      rex |= operand.rex;
      relativeAt = operand.relativeAt;
      chosen.linear = operand.linear;
    } else {
      chosen.rm = random.below(8);
      modrm = [0xc0 | chosen.rm];
      if (extended) rex |= REX_B;
      chosen.rm |= extended;
    }
    modrm[0]! |= (chosen.reg & 7) << 3;
  }
  hook?.after?.(b, chosen);
  if (rex !== 0) hasRex = true;
  const head = [...prefixes, ...(hasRex ? [0x40 | rex] : []), ...opcode];
  const offset = width === 8 && b.long ? 8 : width;
  const immediate = hook?.immediate?.(b, chosen) ?? immediates(b, template, bytes, offset);
  const code = [...head, ...modrm, ...immediate];
  if (relativeAt >= 0) adjustRelative(code, head.length + relativeAt);
  if (hook?.branch) return { code: branch(b, [...head, ...modrm], bytes, template), chosen };
  pad(b, code, hasRex);
  if (alone && relativeAt < 0 && random.below(40) === 0) b.moveToPageEnd(code.length);
  return { code, chosen };
}

function shuffle(b: CaseBuilder, items: number[]): void {
  for (let i = items.length - 1; i > 0; i--) {
    const j = b.random.below(i + 1);
    [items[i], items[j]] = [items[j]!, items[i]!];
  }
}

/** Now and then as long as an instruction may be, or a byte longer: repeated prefixes count. */
function pad(b: CaseBuilder, code: number[], hasRex: boolean): void {
  if (b.random.below(64) !== 0 || hasRex) return;
  const length = MAX_LENGTH - 1 + b.random.below(3);
  const filler = b.long ? 0x3e : (code.find((byte) => byte === 0x67 || byte === 0x66) ?? 0);
  if (filler === 0 || (filler !== 0x3e && code[0] !== filler)) return;
  while (code.length < length) code.unshift(filler);
}

function adjustRelative(code: number[], at: number): void {
  const value = code[at]! | (code[at + 1]! << 8) | (code[at + 2]! << 16) | (code[at + 3]! << 24);
  nibble((value - code.length) >>> 0, 4).forEach((byte, i) => (code[at + i] = byte));
}

export function immediates(
  b: CaseBuilder,
  { operands, family, row }: Template,
  bytes: number,
  offset: number,
): number[] {
  const { random } = b;
  if (family === 'x87') return [];
  if (family === 'simd') return row.encoding.endsWith('ib') || operands.includes('I') ? [random.u32() & 0xff] : [];
  return operands.flatMap((operand) => {
    const wide = Math.min(bytes, 4);
    switch (operand) {
      case 'Ib':
        return [random.below(2) === 0 ? random.below(256) : Number(integer(random) & 0xffn)];
      case 'Iw':
        return bytesOf(integer(random), 2);
      case 'Iz':
        return bytesOf(integer(random), wide);
      case 'Iv':
        return bytesOf(integer(random), bytes);
      case 'Ob':
      case 'Ov':
        return bytesOf(integer(random), offset);
      default:
        return [];
    }
  });
}

/** Completes a relative branch so that it stays in its slot, or leaves for where nothing is. */
function branch(b: CaseBuilder, head: number[], bytes: number, { operands }: Template): number[] {
  const { random } = b;
  if (operands.includes('Jb')) {
    const next = b.rip + head.length + 1;
    return [...head, (b.fillerNear(b.slot) - next) & 0xff];
  }
  const size = bytes === 2 ? 2 : 4;
  const next = b.rip + head.length + size;
  const to = random.below(8) === 0 && b.mode.startsWith('segmented') ? random.u32() : b.branchTarget() - next;
  return [...head, ...nibble(to >>> 0, size)];
}
