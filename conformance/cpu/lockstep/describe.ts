import { disassemble } from '../../../src/main/vmm/cpu/disassembler/disassemble.js';
import type { CpuState } from '../../../src/main/vmm/cpu/registers.js';
import type { Half } from './half.js';
import type { Difference } from './lockstep.js';

const PAGE = 4096n;
const LINES = 24;
const PRESENT = 1n;
const LARGE = 0x80n;
const ADDRESS = 0x000f_ffff_ffff_f000n;
const CR0_PG = 1n << 31n;
const CR4_PAE = 1n << 5n;
const EFER = 0xc000_0080;
const EFER_LMA = 1n << 10n;

/** A difference for a person: where, the code there, both states, and what differs. */
export function describeDifference({ unit, instructions, before, after, fields }: Difference, side: Half): string {
  return [
    `difference in unit ${unit}, at ${instructions} instructions`,
    'before:',
    registers(before),
    ...code(before, side),
    'after, on the engine under test:',
    registers(after),
    ...code(after, side),
    ...fields.map(({ field, expected, actual }) => `  ${field}: interpreter ${expected}, under test ${actual}`),
  ].join('\n');
}

function registers({ general, rip, rflags, cr0, cr3, cr4, segments }: CpuState): string {
  const names = Object.entries(general).map(([name, value]) => `${name}=${value.toString(16)}`);
  const rest = { rip, rflags, cr0, cr3, cr4 };
  const others = Object.entries(rest).map(([name, value]) => `${name}=${value.toString(16)}`);
  return `  ${names.join(' ')}\n  ${others.join(' ')} cs=${segments.cs.selector.toString(16)}:${segments.cs.base.toString(16)}`;
}

/** The instructions at RIP. */
function code(state: CpuState, side: Half): string[] {
  const { cs } = state.segments;
  const bits = cs.attributes & 0x2000 ? 64 : cs.attributes & 0x4000 ? 32 : 16;
  const lines: string[] = [];
  let at = cs.base + state.rip;
  while (lines.length < LINES) {
    const physical = translate(state, side, at);
    if (physical === undefined) return [...lines, `    ${at.toString(16)}: not mapped`];
    const bytes = side.ram.subarray(Number(physical), Number(physical) + 15);
    if (bytes.length === 0) return [...lines, `    ${at.toString(16)}: not in RAM`];
    const { text, length } = disassemble(bytes, { bits, address: at });
    lines.push(`    ${at.toString(16)}: ${text}`);
    at += BigInt(length);
  }
  return lines;
}

/** Physical address by the page tables in memory, without rights; PAE and 4-level ones. */
function translate(state: CpuState, side: Half, linear: bigint): bigint | undefined {
  if ((state.cr0 & CR0_PG) === 0n) return linear;
  if ((state.cr4 & CR4_PAE) === 0n) return translate32(state, side, linear);
  const long = ((state.msrs[EFER] ?? 0n) & EFER_LMA) !== 0n;
  let table = state.cr3 & ADDRESS;
  for (let level = long ? 3n : 2n; level >= 0n; level--) {
    const shift = 12n + 9n * level;
    const base = !long && level === 2n ? state.cr3 & 0xffff_ffe0n : table;
    const entry = quad(side, base + ((linear >> shift) & 0x1ffn) * 8n);
    if (entry === undefined || (entry & PRESENT) === 0n) return undefined;
    const offset = (1n << shift) - 1n;
    if (level === 0n || (entry & LARGE && (long || level < 2n))) return (entry & ADDRESS & ~offset) | (linear & offset);
    table = entry & ADDRESS;
  }
  return undefined;
}

function translate32({ cr3 }: CpuState, side: Half, linear: bigint): bigint | undefined {
  const word = (at: bigint): bigint | undefined => {
    const value = quad(side, at & ~7n);
    return value === undefined ? undefined : at & 4n ? value >> 32n : value & 0xffff_ffffn;
  };
  const directory = word((cr3 & ~(PAGE - 1n)) + ((linear >> 22n) & 0x3ffn) * 4n);
  if (directory === undefined || (directory & PRESENT) === 0n) return undefined;
  if (directory & LARGE) return (directory & 0xffc0_0000n) | (linear & 0x3f_ffffn);
  const entry = word((directory & ~(PAGE - 1n)) + ((linear >> 12n) & 0x3ffn) * 4n);
  return entry === undefined || (entry & PRESENT) === 0n ? undefined : (entry & ~(PAGE - 1n)) | (linear & (PAGE - 1n));
}

function quad({ ram }: Half, at: bigint): bigint | undefined {
  return at + 8n <= BigInt(ram.length) ? ram.readBigUInt64LE(Number(at)) : undefined;
}
