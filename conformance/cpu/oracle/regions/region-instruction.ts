import type { Instruction, SimdInstruction } from '../../../../src/main/vmm/cpu/core/opcodes/opcode.js';
import type { CaseStep } from '../case-info.js';
import { RBP, RBX, RSI, RSP, type CaseBuilder } from '../generate/case-builder.js';
import { immediates, MANDATORY, MAPS, mayResize, operandBytes } from '../generate/instruction.js';
import { TEMPLATES, type Template } from '../generate/template.js';

const REX_W = 8;
const REX_R = 4;
const REX_B = 1;
/** AH, CH, DH; BH is of a reserved register. */
const HIGH_BYTES = [4, 5, 6];
/** Registers a region may write. RBX and RSI are what memory operands start from, RBP counts the rounds, RSP is the stack. */
const FREE_LEGACY = [0, 1, 2, 7];
const FREE = [...FREE_LEGACY, 8, 9, 10, 11, 12, 13, 14, 15];
const GENERAL = /^[GERM][bwvzyd]$|^Gq$|^Eq$/;

/**
 * Not in regions by themselves: what goes elsewhere or ends a case for certain, needs an address in a certain register,
 * shows what the host keeps its own way, or is only good to the last bit (see sequence.ts). Some are in snippets.
 */
const EXCLUDED =
  /^(j|call|ret|loop|int|iret|bound|ud|movsb?$|cmpsb?$|stosb?$|lodsb?$|scasb?$|ins|outs|in$|out$|xlat|push|pop|enter|leave|l[defgs]s$|rd|wr|swapgs|l[dilt]|lmsw|lgdt|lar|lsl|ver|arpl|inv|clts|xsetbv|clac|stac|cli|sti|hlt|wb|fx(?!ch|am|tract)|f?n?save|f?rstor|f?n?stenv|f?ldenv|f2xm1|fyl2x|fyl2xp1|fptan|fpatan|fsin|fcos|maskmov|ldmxcsr|std|clflush)/;
/** Operands that are not general, floating-point or memory by ModR/M. */
const FOREIGN = /^(J|O|A|S|C|D|R|X|Y|Mp|DX|ES|SS|FS|GS|DS|CS)/;

/** Rows regions are made of, by mode. */
export function regionRows(long: boolean): readonly Template[] {
  return TEMPLATES.filter(({ mnemonic, operands, row, family, encoding }) => {
    if (EXCLUDED.test(mnemonic) || (family !== 'simd' && operands.some((o) => FOREIGN.test(o) && o !== 'DI')))
      return false;
    if (encoding.rexW === true && !long) return false;
    const only = family === 'integer' && 'mode' in row ? row.mode : undefined;
    return only === undefined || only === (long ? 'long' : 'legacy');
  });
}

export interface RegionOperands {
  /** Linear addresses RBX and RSI start with. */
  readonly bases: Readonly<Record<number, number>>;
  /** What [RSP] is. */
  readonly stack: number;
}

interface Memory {
  readonly bytes: number[];
  readonly linear: number;
}

/** Encodes one instruction of a row: register operands that may be written, memory by the region's base registers. */
export function regionInstruction(b: CaseBuilder, template: Template, operands: RegionOperands): CaseStep {
  const { random, long } = b;
  const { encoding, family, mnemonic } = template;
  const bytesIn = (letter: 'E' | 'G'): boolean => family === 'integer' && template.operands.includes(`${letter}b`);
  const prefixes: number[] = [];
  const resized = mayResize(template) && family !== 'x87' && random.below(6) === 0;
  if (resized) prefixes.push(0x66);
  if (random.below(16) === 0) prefixes.push(random.below(2) === 0 ? 0x64 : 0x65);
  const far = /^bt/.test(mnemonic) && template.operands[1] !== 'Ib';
  const memory = template.memoryForm && !far && (!template.registerForm || random.below(2) === 0);
  const lock = memory && family === 'integer' && 'lock' in template.row && random.below(6) === 0;
  if (lock) prefixes.push(0xf0);
  const mandatory = MANDATORY[encoding.prefix];
  if (mandatory !== undefined) prefixes.push(mandatory);
  let rex = 0;
  let hasRex = long && random.below(2) === 0;
  if (encoding.rexW === true || (hasRex && encoding.rexW !== false && random.below(2) === 0)) rex |= REX_W;
  if (rex !== 0) hasRex = true;
  const operandSize = operandBytes(b, template, resized, (rex & REX_W) !== 0);
  const register = (general: boolean, byteForm: boolean): number => {
    if (!general) return random.below(hasRex ? 16 : 8);
    if (byteForm && !hasRex && random.below(3) === 0) return random.pick(HIGH_BYTES);
    return random.pick(hasRex ? FREE : FREE_LEGACY);
  };
  const isGeneral = (letters: RegExp): boolean =>
    family === 'integer' || template.operands.some((operand) => letters.test(operand) && GENERAL.test(operand));
  const opcode = [...MAPS[encoding.map]!];
  let modrm: number[] = [];
  let linear = -1;
  if (encoding.registerInOpcode) {
    const rm = register(true, template.operands.includes('Zb'));
    opcode.push(encoding.opcode | (rm & 7));
    if (rm >= 8) rex |= REX_B;
  } else opcode.push(encoding.opcode);
  if (encoding.modrmByte !== undefined) {
    modrm = [encoding.registerInModrm ? (encoding.modrmByte & 0xf8) | random.below(8) : encoding.modrmByte];
  } else if (encoding.modrm) {
    const reg = encoding.digit ?? register(isGeneral(/^G/), bytesIn('G'));
    if (reg >= 8) rex |= REX_R;
    if (memory) {
      const size = template.memoryBytes(operandSize);
      const aligned = lock || mnemonic === 'xchg' || (family === 'simd' && (template.row as SimdInstruction).aligned);
      const operand = memoryOperand(b, operands, size, aligned === true, lock || mnemonic === 'xchg');
      modrm = operand.bytes;
      linear = operand.linear;
    } else {
      const rm = register(isGeneral(/^[ERUN]/), bytesIn('E'));
      modrm = [0xc0 | (rm & 7)];
      if (rm >= 8) rex |= REX_B;
    }
    modrm[0]! |= (reg & 7) << 3;
  }
  const code = [
    ...prefixes,
    ...(hasRex ? [0x40 | rex] : []),
    ...opcode,
    ...modrm,
    ...immediates(b, template, operandSize, long ? 8 : 4),
  ];
  const prefix = lock ? 'lock' : 'none';
  return { template, code, operandBytes: operandSize, addressBytes: long ? 8 : 4, inMemory: memory, linear, prefix };
}

/** Displacements reach this far on either side of a base register. */
const REACH = 0x60;

function memoryOperand(
  b: CaseBuilder,
  { bases, stack }: RegionOperands,
  size: number,
  aligned: boolean,
  certain: boolean,
): Memory {
  const { random } = b;
  const grain = certain || (aligned && random.below(24) > 0) ? 16 : random.pick([1, 4, 8, 8, 16]);
  const displacement = Math.floor((random.below(REACH * 2) - REACH) / grain) * grain;
  const base = certain ? RBX : random.pick([RBX, RBX, RSI, RSI, RSP]);
  const low = [displacement & 0xff];
  const wide = random.below(4) === 0;
  const tail = wide
    ? [displacement & 0xff, (displacement >> 8) & 0xff, (displacement >> 16) & 0xff, (displacement >> 24) & 0xff]
    : low;
  const mod = wide ? 0x80 : 0x40;
  if (base === RSP) return { bytes: [mod | 4, 0x24, ...tail], linear: stack + displacement };
  const linear = bases[base]! + displacement;
  // The counter as an index: another address in each round.
  if (!certain && !aligned && size <= 16 && random.below(4) === 0)
    return { bytes: [mod | 4, (random.below(4) << 6) | (RBP << 3) | base, ...tail], linear };
  return { bytes: [mod | base, ...tail], linear };
}

/** Whether a row may leave flags other than AF undefined. */
export function leavesUndefined({ family, row }: Template): boolean {
  return family === 'integer' && /[oszpc]/.test((row as Instruction).undefinedFlags ?? '');
}
