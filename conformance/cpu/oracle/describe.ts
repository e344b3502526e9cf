import { codeOf } from './case-info.js';
import type { Difference } from './session.js';
import { FX, RECORD, START_OF_REGISTER } from './record.js';

const REGISTERS = [
  'rax', 'rcx', 'rdx', 'rbx', 'rsp', 'rbp', 'rsi', 'rdi', 'r8', 'r9', 'r10', 'r11', 'r12', 'r13', 'r14', 'r15',
]; // prettier-ignore
const SELECTORS = ['ds', 'es', 'fs', 'gs'];

const digits = (hex: string): string => hex.replace(/^0+(?=.)/, '');

/** What kind of difference it is: rows and fields, so that a thousand of one cause are told once. */
export function kindOf({ info, fields, engine }: Difference): string {
  const names = fields.map(({ field }) => field.split(' ')[0]).join(',');
  if (info.body) return `region ${info.mode}, ${engine}: ${names}`;
  const instructions = info.steps.map(({ template }) => `${template.mnemonic} ${template.row.encoding}`).join('; ');
  return `${instructions} ${info.mode}: ${names}`;
}

/** The floating-point state a case started from, most significant digit first. */
function floatingPoint(view: DataView): string {
  const at = RECORD.fx;
  const half = (offset: number): string => view.getUint16(at + offset, true).toString(16);
  const quad = (offset: number): string =>
    view
      .getBigUint64(at + offset, true)
      .toString(16)
      .padStart(16, '0');
  const stack = Array.from({ length: 8 }, (_, i) => FX.st + i * 16).map((st) => half(st + 8) + quad(st));
  const vectors = Array.from({ length: 8 }, (_, i) => FX.xmm + i * 16).map((xmm) => quad(xmm + 8) + quad(xmm));
  const control = `fcw=${half(FX.fcw)} fsw=${half(FX.fsw)} ftw=${half(FX.ftw)} mxcsr=${half(FX.mxcsr)}`;
  return `${control} st=${stack.join(',')} xmm=${vectors.join(',')}`;
}

/** A difference for a person: the instruction, the state it started from, and what came of it on both sides. */
export function describeDifference(difference: Difference): string {
  const { info, fields, record } = difference;
  const view = new DataView(record.buffer, record.byteOffset, record.length);
  const quad = (at: number): string => view.getBigUint64(at, true).toString(16);
  const word = (at: number): string => view.getUint16(at, true).toString(16);
  const registers = START_OF_REGISTER.map((at, i) => `${REGISTERS[i]}=${quad(at)}`).join(' ');
  const selectors = SELECTORS.map((name, i) => `${name}=${word(RECORD.selectors + i * 2)}`).join(' ');
  return [
    `${kindOf(difference)}`,
    `  code ${Buffer.from(codeOf(info)).toString('hex')} at ${quad(RECORD.rip)}, operands at ${info.steps.map(({ linear }) => linear.toString(16)).join(', ')}`,
    `  cs=${quad(RECORD.cs)} ss=${quad(RECORD.ss)} ${selectors} fsbase=${quad(RECORD.fsBase)} gsbase=${quad(RECORD.gsBase)} rflags=${quad(RECORD.rflags)}`,
    `  ${registers}`,
    `  ${floatingPoint(view)}`,
    ...fields.map(
      ({ field, expected, actual }) => `  ${field}: processor ${digits(expected)}, engine ${digits(actual)}`,
    ),
  ].join('\n');
}
