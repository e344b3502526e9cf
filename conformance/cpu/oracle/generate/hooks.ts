import { localSelector, LOCAL_SEGMENTS, USER_CODE_32, USER_CODE_64, USER_DATA, type LocalName } from '../segments.js';
import { interestingOffset, pointAt } from './addressing.js';
import { DS, ES, RAX, RBP, RBX, RCX, RDI, RDX, RSI, RSP, SS, type CaseBuilder } from './case-builder.js';
import { fxImage, randomMxcsr } from './fp-state.js';
import type { Template } from './template.js';
import { integer } from './values.js';

/** What the encoder has decided on so far. */
export interface Chosen {
  /** Operand size and address size in bytes. */
  readonly bytes: number;
  readonly width: number;
  readonly override: number | undefined;
  /** F2, F3 or 0. */
  readonly repeat: number;
  readonly lock: boolean;
  /** The register operand, if a hook wants a certain one. */
  wantedReg?: number;
  memory: boolean;
  linear: number;
  reg: number;
  rm: number;
}

/** What an instruction needs beyond random operands to be worth executing, and to be safe. */
export interface Hook {
  /** Before registers are given to the memory operand. */
  readonly before?: (b: CaseBuilder, chosen: Chosen) => void;
  /** When operands are known. */
  readonly after?: (b: CaseBuilder, chosen: Chosen) => void;
  readonly immediate?: (b: CaseBuilder, chosen: Chosen) => number[];
  /** A relative branch: the displacement is chosen last. */
  readonly branch?: boolean;
  /** Goes where memory says, so that memory must be what was put there (see `useFrame`). */
  readonly control?: boolean;
}

const LOADABLE: readonly LocalName[] = Object.keys(LOCAL_SEGMENTS) as LocalName[];

/** Selectors: local ones, the host's, null, those of ring 0, beyond the tables, with other RPLs. */
export function anySelector(b: CaseBuilder): number {
  const { random } = b;
  switch (random.below(10)) {
    case 0:
      return random.below(4);
    case 1:
      return random.pick([USER_DATA, USER_CODE_32, USER_CODE_64]);
    case 2:
      return random.pick([0x08, 0x10, 0x18, 0x40, 0x50, 0x20, 0x28, 0x30]) | random.below(4);
    case 3:
      return 0x80 + random.below(0xff80) === 0xffff ? 0x80 : (0x80 + random.below(0xff80)) & 0xffff;
    case 4:
      return (localSelector(random.pick(LOADABLE)) & ~3) | random.below(4);
    default:
      return localSelector(random.pick(LOADABLE));
  }
}

/** Gives the r/m operand a value: in its register, or in memory. */
function giveOperand(b: CaseBuilder, chosen: Chosen, value: bigint, bytes: number): void {
  if (chosen.memory) b.pokeInteger(chosen.linear, value, bytes);
  else if (b.isFree(chosen.rm)) b.setLow(chosen.rm, value, bytes);
}

const stackPush =
  (operands: number) =>
  (b: CaseBuilder, { bytes }: Chosen): void => {
    const size = bytes * operands;
    const offset = interestingOffset(b, SS, b.stackWidth, size) + BigInt(size);
    b.setLow(RSP, offset, b.stackWidth);
  };

/** Points the stack pointer at something and answers with its linear address. */
function popFrom(b: CaseBuilder, size: number): number {
  return pointAt(b, RSP, SS, b.stackWidth, size);
}

const stackPop =
  (fill?: (b: CaseBuilder, chosen: Chosen) => bigint, count = 1): NonNullable<Hook['before']> =>
  (b, chosen) => {
    const at = popFrom(b, chosen.bytes * count);
    if (fill) b.pokeInteger(at, fill(b, chosen), chosen.bytes);
  };

/** An instruction pointer to go to, as the code segment counts it. */
function target(b: CaseBuilder): bigint {
  if (b.long && b.random.below(10) === 0) return b.random.pick([0x8000_0000_0000n, 0xffff_7fff_ffff_ffffn, 1n << 63n]);
  if (b.mode.startsWith('segmented') && b.random.below(10) === 0) return BigInt(b.random.u32());
  return BigInt((b.branchTarget() - b.codeBase) >>> 0);
}

/** A far target: where, and by which selector. Code selectors that can be entered come often. */
function farTarget(b: CaseBuilder, call = false, inMemory = false): { offset: bigint; selector: number } {
  const chosen = anyFarTarget(b);
  // Other cases may write over an address in segmented memory: with a flat selector it would lead into the host process.
  if (inMemory && b.mode.startsWith('segmented') && FLAT_CODE.has(chosen.selector & ~3))
    return { ...chosen, selector: localSelector('code32') };
  // A call from compatibility to 64-bit mode pushes at RSP without a segment: only into the hole at 0.
  const confined = b.long || (b.gpr[RSP]! >= 0x100n && b.gpr[RSP]! < 0x1_0000n);
  const flat = (chosen.selector & ~3) === (USER_CODE_64 & ~3);
  return call && flat && (!confined || b.mode === 'segmented16' || !b.segments[SS]!.wide)
    ? { ...chosen, selector: localSelector('code32') }
    : chosen;
}

function anyFarTarget(b: CaseBuilder): { offset: bigint; selector: number } {
  const { random } = b;
  const name = random.pick(['code32', 'code16', 'shortCode32', 'absentCode32', 'unreadableCode32'] as const);
  switch (random.below(6)) {
    case 0:
      return { offset: BigInt(b.branchTarget()), selector: random.pick([USER_CODE_32, USER_CODE_64]) };
    case 1:
      return { offset: BigInt(b.branchTarget()), selector: anySelector(b) };
    case 2:
      return { offset: BigInt(b.branchTarget()), selector: USER_CODE_64 };
    default: {
      const within = b.fillerNear(b.slot) & 0xffff;
      return { offset: BigInt(random.below(12) === 0 ? random.u32() : within), selector: localSelector(name) };
    }
  }
}

const FLAT_CODE = new Set([USER_CODE_32, USER_CODE_64, localSelector('flatCode32')].map((selector) => selector & ~3));
const TWO = 2;

/** Memory operands of strings: both ends, and a count that keeps it short. */
function strings(reads: boolean, writes: boolean, byteForm: boolean): NonNullable<Hook['before']> {
  return (b, { bytes, width, override, repeat }) => {
    const { random } = b;
    const size = byteForm ? 1 : bytes;
    if (reads) pointAt(b, RSI, override ?? DS, width, size);
    if (writes) pointAt(b, RDI, ES, width, size);
    const count = random.below(12) === 0 ? integer(random) : BigInt(random.below(40));
    if (repeat !== 0) b.setLow(RCX, count, width);
    if (reads && writes && random.below(2) === 0) equalRuns(b);
    if (!reads && random.below(2) === 0) b.set(RAX, 0x4141_4141_4141_4141n);
  };
}

/** Long runs of equal bytes, so that comparing strings goes on for a while. */
function equalRuns(b: CaseBuilder): void {
  const at = b.random.below(4) * 4096 + b.random.below(4000);
  b.memory.data.fill(0x41, at, at + 64);
}

/** Dividend and divisor such that the quotient usually fits. */
const division = (signed: boolean): Hook => ({
  before: (b, { bytes }) => {
    const { random } = b;
    if (random.below(4) === 0) return;
    const negative = signed && random.below(2) === 0;
    const high = negative ? -1n - BigInt(random.below(3)) : BigInt(random.below(3));
    if (bytes === 1) b.setLow(RAX, (high << 8n) | BigInt(random.below(256)), TWO);
    else b.setLow(RDX, high, bytes);
    b.locked |= 1 << RAX;
  },
  after: (b, chosen) => {
    if (b.random.below(3) > 0) giveOperand(b, chosen, integer(b.random), chosen.bytes);
  },
});

const selectorOperand: Hook = { after: (b, chosen) => giveOperand(b, chosen, BigInt(anySelector(b)), 2) };

function pokeFar(b: CaseBuilder, at: number, bytes: number, call: boolean): void {
  const { offset, selector } = farTarget(b, call, true);
  b.pokeInteger(at, offset, bytes);
  b.pokeInteger(at + bytes, BigInt(selector), 2);
}

/** EFLAGS images for POPF and IRET. */
function flagsImage(b: CaseBuilder): bigint {
  const { random } = b;
  return random.below(2) === 0 ? BigInt(random.u32()) : BigInt(random.u32() & ~0x100) | (BigInt(random.u32()) << 32n);
}

const NESTED_TASK = 0x4000n;
const ALIGNMENT_CHECK = 0x4_0000n;

/** The frame IRET pops, by the operand size: IP, CS, flags, in 64-bit code SP and SS too. */
function interruptFrame(b: CaseBuilder, { bytes }: Chosen): void {
  const { random } = b;
  b.useFrame(bytes * (b.long ? 5 : 3));
  const at = popFrom(b, bytes * (b.long ? 5 : 3));
  const { offset, selector } = farTarget(b, false, true);
  b.pokeInteger(at, offset, bytes);
  b.pokeInteger(at + bytes, BigInt(selector), bytes);
  // A frame that is not aligned and turns alignment checks on: the processor raises #AC with the old flags, which Linux
  // takes for a split lock and retries for ever.
  const unsafe = NESTED_TASK | (at % bytes === 0 ? 0n : ALIGNMENT_CHECK);
  b.pokeInteger(at + bytes * 2, flagsImage(b) & ~unsafe, bytes);
  if (!b.long) return;
  b.pokeInteger(at + bytes * 3, integer(random), bytes);
  b.pokeInteger(at + bytes * 4, BigInt(random.below(2) === 0 ? USER_DATA : anySelector(b)), bytes);
}

const BIT_REACH = 0x2000;

/** A bit offset in a register reaches memory far from the operand: in flat code it is kept near. */
const bitOffset: Hook = {
  before: (b, chosen) => {
    if (b.mode.startsWith('segmented')) return;
    chosen.wantedReg = b.random.below(8);
    b.set(chosen.wantedReg, BigInt.asUintN(b.long ? 64 : 32, BigInt(b.random.below(BIT_REACH * 2) - BIT_REACH)));
  },
};

function accumulatorEqual(bytesOf: (chosen: Chosen) => number): Hook {
  return {
    after: (b, chosen) => {
      const bytes = bytesOf(chosen);
      if (b.random.below(2) === 0) giveOperand(b, chosen, BigInt.asUintN(bytes * 8, b.gpr[RAX]!), bytes);
    },
  };
}

const farOperand =
  (call: boolean) =>
  (b: CaseBuilder, { memory, linear, bytes }: Chosen): void => {
    if (memory) pokeFar(b, linear, bytes, call);
  };

const farImmediate =
  (call: boolean) =>
  (b: CaseBuilder, { memory, bytes }: Chosen): number[] => {
    if (memory || b.long) return [];
    const { offset, selector } = farTarget(b, call);
    const pointer = Array.from({ length: bytes }, (_, i) => Number((offset >> BigInt(8 * i)) & 0xffn));
    return [...pointer, selector & 0xff, selector >>> 8];
  };

/** A masked store at rDI; one that wraps around a 16-bit segment is nobody's business. */
const maskedStore =
  (size: number): NonNullable<Hook['before']> =>
  (b, { width, override }) => {
    pointAt(b, RDI, override ?? DS, width, size);
    if (width === 2 && Number(b.gpr[RDI]! & 0xffffn) + size > 0x1_0000) b.setLow(RDI, 0n, 2);
  };

const HOOKS: Readonly<Record<string, Hook>> = {
  push: { before: stackPush(1) },
  pushf: { before: stackPush(1) },
  pusha: { before: stackPush(8) },
  call: { before: stackPush(1) },
  pop: { before: stackPop((b) => BigInt(anySelector(b)) | (integer(b.random) << 16n)) },
  popf: { before: stackPop(flagsImage) },
  popa: { before: (b, { bytes }) => void popFrom(b, bytes * 8) },
  ret: {
    before: (b, chosen) => {
      b.useFrame(chosen.bytes);
      b.pokeInteger(popFrom(b, chosen.bytes), target(b), chosen.bytes);
    },
    control: true,
  },
  leave: { before: (b, { bytes }) => void pointAt(b, RBP, SS, b.stackWidth, bytes) },
  enter: {
    before: (b, chosen) => {
      stackPush(1)(b, chosen);
      pointAt(b, RBP, SS, b.stackWidth, chosen.bytes);
    },
    immediate: (b) => [
      b.random.below(256),
      b.random.below(3) === 0 ? b.random.below(256) : b.random.below(3),
      b.random.below(2) === 0 ? b.random.below(4) : b.random.below(256),
    ],
  },
  retf: {
    control: true,
    before: (b, { bytes }) => {
      b.useFrame(bytes * 2);
      const at = popFrom(b, bytes * 2);
      const { offset, selector } = farTarget(b, false, true);
      b.pokeInteger(at, offset, bytes);
      b.pokeInteger(at + bytes, BigInt(selector), bytes);
    },
  },
  iret: { before: interruptFrame, control: true },
  xlat: {
    before: (b, { width, override }) => {
      b.locked |= 1 << RAX;
      const offset = interestingOffset(b, override ?? DS, width, 1);
      b.setLow(RBX, offset - (b.gpr[RAX]! & 0xffn), width);
    },
  },
  maskmovq: { before: maskedStore(8) },
  maskmovdqu: { before: maskedStore(16) },
  div: division(false),
  idiv: division(true),
  bts: bitOffset,
  btr: bitOffset,
  btc: bitOffset,
  bt: bitOffset,
  cmpxchg: accumulatorEqual(({ bytes }) => bytes),
  cmpxchg8b: {
    after: (b, { linear, bytes }) => {
      if (b.random.below(2) > 0) return;
      b.pokeInteger(linear, b.gpr[RAX]!, bytes);
      b.pokeInteger(linear + bytes, b.gpr[RDX]!, bytes);
    },
  },
  loop: { before: smallCount },
  loope: { before: smallCount },
  loopne: { before: smallCount },
  jrcxz: { before: smallCount },
  lar: selectorOperand,
  lsl: selectorOperand,
  verr: selectorOperand,
  verw: selectorOperand,
  arpl: selectorOperand,
  les: { after: farPointer },
  lds: { after: farPointer },
  lss: { after: farPointer },
  lfs: { after: farPointer },
  lgs: { after: farPointer },
  callf: {
    control: true,
    before: (b, chosen) => {
      stackPush(2)(b, chosen);
      b.useFrame(chosen.bytes + 2);
    },
    after: farOperand(true),
    immediate: farImmediate(true),
  },
  jmpf: {
    control: true,
    before: (b, { bytes }) => b.useFrame(bytes + 2),
    after: farOperand(false),
    immediate: farImmediate(false),
  },
  bound: {
    after: (b, { linear, bytes }) => {
      b.pokeInteger(linear, BigInt(b.random.below(40) - 20), bytes);
      b.pokeInteger(linear + bytes, BigInt(b.random.below(400) - 20), bytes);
    },
  },
  int: { immediate: (b) => [b.random.below(3) === 0 ? b.random.below(8) : b.random.below(256) & 0x7f] },
  fxrstor: { after: (b, { linear }) => b.poke(linear, fxImage(b.random)) },
  ldmxcsr: { after: (b, { linear }) => b.pokeInteger(linear, BigInt(randomMxcsr(b.random)), 4) },
};

function smallCount(b: CaseBuilder, { width }: Chosen): void {
  if (b.random.below(4) > 0) b.setLow(RCX, BigInt(b.random.below(3)), width);
}

function farPointer(b: CaseBuilder, { linear, bytes }: Chosen): void {
  b.pokeInteger(linear + bytes, BigInt(anySelector(b)), 2);
}

const STRING_OPERATIONS: Readonly<Record<string, readonly [boolean, boolean]>> = {
  movs: [true, true],
  cmps: [true, true],
  stos: [false, true],
  lods: [true, false],
  scas: [false, true],
  ins: [false, true],
  outs: [true, false],
};

const cache = new Map<Template, Hook | undefined>();

export function hookOf(template: Template): Hook | undefined {
  if (!cache.has(template)) cache.set(template, makeHook(template));
  return cache.get(template);
}

function makeHook({ mnemonic, operands, encoding, family }: Template): Hook | undefined {
  if (family !== 'integer') return family === 'simd' && mnemonic === 'ldmxcsr' ? HOOKS['ldmxcsr'] : undefined;
  const string = STRING_OPERATIONS[mnemonic.replace(/b$/, '')];
  if (string && encoding.map === 0 && !encoding.modrm)
    return { before: strings(string[0], string[1], mnemonic.endsWith('b')) };
  if (operands.some((operand) => operand.startsWith('J'))) return { ...HOOKS[mnemonic], branch: true };
  if (operands.some((operand) => operand.startsWith('O'))) return offsetOperand();
  if (operands.includes('Sw')) return selectorOperand;
  if (operands[0] === 'Ev' && (mnemonic === 'jmp' || mnemonic === 'call')) return nearTransfer(mnemonic === 'call');
  // An immediate bit offset stays within the operand.
  if (/^bt/.test(mnemonic) && operands[1] === 'Ib') return undefined;
  return HOOKS[mnemonic];
}

const nearTransfer = (call: boolean): Hook => ({
  control: true,
  before: (b, chosen) => {
    if (call) stackPush(1)(b, chosen);
    b.useFrame(chosen.bytes);
  },
  after: (b, chosen) => giveOperand(b, chosen, target(b), chosen.bytes),
});

/** MOV with the operand's offset in the instruction. */
function offsetOperand(): Hook {
  return {
    immediate: (b, { width, override, bytes }) => {
      const offset = interestingOffset(b, override ?? DS, width, bytes);
      return Array.from({ length: width }, (_, i) => Number((offset >> BigInt(8 * i)) & 0xffn));
    },
  };
}
