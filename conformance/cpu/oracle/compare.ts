import { anyStep, type CaseInfo } from './case-info.js';
import { ignoredFlags } from './undefined-flags.js';
import { RESERVED, RESERVED_END } from './layout.js';
import { AFTER, AFTER_OF_REGISTER, FX, RECORD } from './record.js';

const PAGE_FAULT = 14;
const REGISTER_NAMES = [
  'rax', 'rcx', 'rdx', 'rbx', 'rsp', 'rbp', 'rsi', 'rdi', 'r8', 'r9', 'r10', 'r11', 'r12', 'r13', 'r14', 'r15',
]; // prettier-ignore

interface Field {
  readonly name: string;
  readonly at: number;
  readonly bytes: number;
}

const FIELDS: readonly Field[] = [
  ...AFTER_OF_REGISTER.map((at, i) => ({ name: REGISTER_NAMES[i]!, at, bytes: 8 })),
  { name: 'rip', at: AFTER.rip, bytes: 8 },
  { name: 'rflags', at: AFTER.rflags, bytes: 8 },
  { name: 'cs', at: AFTER.csAndSs, bytes: 2 },
  { name: 'ss', at: AFTER.csAndSs + 6, bytes: 2 },
  { name: 'error', at: AFTER.error, bytes: 8 },
  { name: 'vector', at: AFTER.vector, bytes: 8 },
  { name: 'cr2', at: AFTER.cr2, bytes: 8 },
  ...['ds', 'es', 'fs', 'gs'].map((name, i) => ({ name, at: RECORD.selectorsAfter + i * 2, bytes: 2 })),
  { name: 'fsbase', at: RECORD.fsBaseAfter, bytes: 8 },
  { name: 'gsbase', at: RECORD.gsBaseAfter, bytes: 8 },
  { name: 'fcw', at: RECORD.fxAfter + FX.fcw, bytes: 2 },
  { name: 'fsw', at: RECORD.fxAfter + FX.fsw, bytes: 2 },
  { name: 'ftw', at: RECORD.fxAfter + FX.ftw, bytes: 2 },
  { name: 'fop', at: RECORD.fxAfter + FX.fop, bytes: 2 },
  { name: 'fip', at: RECORD.fxAfter + FX.fip, bytes: 8 },
  { name: 'fdp', at: RECORD.fxAfter + FX.fdp, bytes: 8 },
  { name: 'mxcsr', at: RECORD.fxAfter + FX.mxcsr, bytes: 4 },
  ...Array.from({ length: 8 }, (_, i) => ({ name: `st${i}`, at: RECORD.fxAfter + FX.st + i * 16, bytes: 10 })),
  ...Array.from({ length: 16 }, (_, i) => ({ name: `xmm${i}`, at: RECORD.fxAfter + FX.xmm + i * 16, bytes: 16 })),
];

/** One field of an outcome that differs: hexadecimal values, most significant digit first. */
export interface FieldDifference {
  readonly field: string;
  readonly expected: string;
  readonly actual: string;
}

/** Runs of the record that hold nothing but fields, as 32-bit words: CR2 and what no field names are left out. */
const RUNS: readonly (readonly [number, number])[] = [
  [RECORD.after, AFTER.signal],
  [RECORD.selectorsAfter, RECORD.fxAfter + FX.mxcsr + 4],
].map(([start, end]) => [start! / 4, end! / 4]);
/** The registers have six unused bytes behind each of the x87 ones, zero on both sides. */
const REGISTERS_RUN = [(RECORD.fxAfter + FX.st) / 4, (RECORD.fxAfter + FX.end) / 4] as const;
const PAGE_FAULT_WORDS = [AFTER.cr2 / 4, AFTER.cr2 / 4 + 2] as const;

/** Whether two outcomes are equal to the bit: nearly all are, and this is quick. */
export function sameOutcome(expected: Uint32Array, actual: Uint32Array, index: number): boolean {
  const from = (index * RECORD.bytes) / 4;
  const same = (start: number, end: number): boolean => {
    for (let i = from + start; i < from + end; i++) if (expected[i] !== actual[i]) return false;
    return true;
  };
  if (!same(RUNS[0]![0], RUNS[0]![1]) || !same(RUNS[1]![0], RUNS[1]![1]) || !same(...REGISTERS_RUN)) return false;
  return expected[from + AFTER.vector / 4] !== PAGE_FAULT || same(...PAGE_FAULT_WORDS);
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).reverse().toString('hex');

/**
 * Instructions that access memory several times or more than eight bytes at once: which of the bytes CR2 names when
 * several are inaccessible, and in what order they are touched, is the processor's own affair (SDM vol. 3, 4.7 only says
 * "the linear address that generated the fault").
 */
const SEVERAL =
  /^(maskmov|fx|f?n?save|f?rstor|f?n?stenv|f?ldenv|ret|iret|call|jmpf|l[defgs]s$|enter|pusha|popa|bound|cmpxchg8b)/;
const severalAccesses = (info: CaseInfo): boolean => anyStep(info, (mnemonic) => SEVERAL.test(mnemonic));

const EXCEPTION_SUMMARY = 0x80;
const loadsPointers = (info: CaseInfo): boolean => anyStep(info, (mnemonic) => mnemonic === 'fxrstor');

/**
 * The host keeps FOP and FDP only for unmasked exceptions, as CPUID.7.EBX[6] says of it; what we advertise does without
 * (SDM vol. 1, 8.1.8 and 8.1.9).
 * Which of several instructions they are of is therefore the host's affair as well.
 */
function showsPointers(info: CaseInfo, record: Uint8Array, from: number): boolean {
  const raises = (record[from + RECORD.fxAfter + FX.fsw]! & EXCEPTION_SUMMARY) !== 0;
  return loadsPointers(info) || (raises && info.steps.length === 1);
}

/**
 * FXRSTOR64 loads whatever pointer the image has. The host keeps as many bits of it as its linear addresses have, 57, and
 * extends the sign; the manual says nothing of pointers that are not canonical, and ours keeps all 64.
 */
const KEPT_POINTER_BITS = 57;

function keptPointer(bytes: Uint8Array): bigint {
  const pointer = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true);
  return BigInt.asIntN(KEPT_POINTER_BITS, pointer);
}

function isKeptPointer(info: CaseInfo, name: string, expected: Uint8Array, actual: Uint8Array): boolean {
  return loadsPointers(info) && (name === 'fip' || name === 'fdp') && keptPointer(expected) === keptPointer(actual);
}

/** #SS, #GP, #PF, #AC. */
const ACCESS_FAULTS = new Set([12, 13, 14, 17]);
const IMAGES = /^(maskmovdqu|fx|f?n?save|f?rstor|f?n?stenv|f?ldenv)/;

/** A state image, or the two halves of a masked store, that fault in two ways: which comes first decides between them. */
function isFaultOfSeveral(
  info: CaseInfo,
  name: string,
  expected: Uint8Array,
  actual: Uint8Array,
  from: number,
): boolean {
  if (!anyStep(info, (mnemonic) => IMAGES.test(mnemonic)) || (name !== 'vector' && name !== 'error')) return false;
  return ACCESS_FAULTS.has(expected[from + AFTER.vector]!) && ACCESS_FAULTS.has(actual[from + AFTER.vector]!);
}

/** The kernel's way into the signal handler, an IRET to ring 3, turns null selectors 1–3 into 0 (SDM vol. 2, IRET). */
function isNullSelector(name: string, expected: Uint8Array, actual: Uint8Array): boolean {
  return /^[defg]s$/.test(name) && expected[0] === 0 && expected[1] === 0 && actual[0]! < 4 && actual[1] === 0;
}

/**
 * Whether a page is there, outside the cases' memory: the host process has pages of its own where a stray jump may end,
 * and Linux sets the P bit of the error code for addresses from the last page of the lower half on, to hide its own.
 */
function isHiddenPresence(
  name: string,
  vector: number,
  record: Uint8Array,
  from: number,
  expected: Uint8Array,
  actual: Uint8Array,
): boolean {
  if (name !== 'error' || vector !== PAGE_FAULT) return false;
  const cr2 = new DataView(record.buffer, record.byteOffset + from + AFTER.cr2, 8).getBigUint64(0, true);
  const elsewhere = cr2 >= BigInt(RESERVED_END) || (cr2 >= 0x1_0000n && cr2 < BigInt(RESERVED));
  return elsewhere && (expected[0]! ^ actual[0]!) === 1;
}

/**
 * Transcendental functions are good to one unit in the last place on processors (SDM vol. 1, 8.3.10), ours are correctly
 * rounded: registers may differ by one unit, and C1, which tells the rounding, with them; where that unit lies between the
 * least normal number and the greatest denormal one, UE too.
 */
const APPROXIMATE = new Set(['f2xm1', 'fyl2x', 'fyl2xp1', 'fptan', 'fpatan', 'fsin', 'fcos', 'fsincos']);
const C1_HIGH_BYTE = 2;
const UNDERFLOW = 0x10;
const isApproximate = (info: CaseInfo): boolean => anyStep(info, (mnemonic) => APPROXIMATE.has(mnemonic));

/** Whether the result of an outcome, in ST(0), is about as small as normal numbers get. */
function isLeast(record: Uint8Array, from: number): boolean {
  const at = from + RECORD.fxAfter + FX.st + 8;
  return ((record[at]! | (record[at + 1]! << 8)) & 0x7fff) <= 1;
}

function approximatelyEqual(name: string, expected: Uint8Array, actual: Uint8Array, least: boolean): boolean {
  if (name === 'fsw') {
    const low = (expected[0]! ^ actual[0]!) & ~(least ? UNDERFLOW : 0);
    return low === 0 && ((expected[1]! ^ actual[1]!) & ~C1_HIGH_BYTE) === 0;
  }
  if (!/^st\d$/.test(name)) return false;
  const value = (bytes: Uint8Array): bigint => {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    return (BigInt(view.getUint16(8, true)) << 63n) + (view.getBigUint64(0, true) & 0x7fff_ffff_ffff_ffffn);
  };
  const distance = value(expected) - value(actual);
  return distance <= 1n && distance >= -1n;
}

/** RET n and IRET on a 16-bit stack: whether SP carries into the upper half of ESP is nowhere said. */
function stackUpperHalf(info: CaseInfo, expected: Uint8Array, actual: Uint8Array): boolean {
  return (
    info.mode.startsWith('segmented') &&
    anyStep(info, (mnemonic) => /^i?ret/.test(mnemonic)) &&
    expected[0] === actual[0] &&
    expected[1] === actual[1]
  );
}

/** Compares one outcome with the processor's; whole records first, since they are nearly always equal. */
export function compareOutcome(
  expected: Uint8Array,
  actual: Uint8Array,
  index: number,
  info: CaseInfo,
): FieldDifference[] {
  const from = index * RECORD.bytes;
  const differences: FieldDifference[] = [];
  const vector = expected[from + AFTER.vector]!;
  for (const { name, at, bytes } of FIELDS) {
    if ((name === 'fop' || name === 'fdp') && !showsPointers(info, expected, from)) continue;
    if (name === 'cr2' && (vector !== PAGE_FAULT || severalAccesses(info))) continue;
    let equal = true;
    for (let i = from + at; i < from + at + bytes; i++) if (expected[i] !== actual[i]) equal = false;
    if (equal) continue;
    const wanted = expected.slice(from + at, from + at + bytes);
    const got = actual.slice(from + at, from + at + bytes);
    if (name === 'rflags') {
      const mask = ~ignoredFlags(info, expected.subarray(from, from + RECORD.bytes));
      const word = (value: Uint8Array): number => (value[0]! | (value[1]! << 8) | (value[2]! << 16)) & mask;
      if (word(wanted) === word(got)) continue;
    }
    if (isNullSelector(name, wanted, got) || isHiddenPresence(name, vector, expected, from, wanted, got)) continue;
    if (isFaultOfSeveral(info, name, expected, actual, from)) continue;
    if (isKeptPointer(info, name, wanted, got)) continue;
    if (isApproximate(info) && approximatelyEqual(name, wanted, got, isLeast(expected, from))) continue;
    if (name === 'rsp' && stackUpperHalf(info, wanted, got)) continue;
    differences.push({ field: name, expected: hex(wanted), actual: hex(got) });
  }
  return differences;
}
