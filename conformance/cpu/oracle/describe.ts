import type { Difference } from './session.js';
import { START_OF_REGISTER, RECORD } from './record.js';

const REGISTERS = [
  'rax', 'rcx', 'rdx', 'rbx', 'rsp', 'rbp', 'rsi', 'rdi', 'r8', 'r9', 'r10', 'r11', 'r12', 'r13', 'r14', 'r15',
]; // prettier-ignore
const SELECTORS = ['ds', 'es', 'fs', 'gs'];

const digits = (hex: string): string => hex.replace(/^0+(?=.)/, '');

/** What kind of difference it is: rows and fields, so that a thousand of one cause are told once. */
export function kindOf({ info, fields }: Difference): string {
  const names = fields.map(({ field }) => field.split(' ')[0]).join(',');
  return `${info.template.mnemonic} ${info.template.row.encoding} ${info.mode}: ${names}`;
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
    `  code ${Buffer.from(info.code).toString('hex')} at ${quad(RECORD.rip)}, operand at ${info.linear.toString(16)}`,
    `  cs=${quad(RECORD.cs)} ss=${quad(RECORD.ss)} ${selectors} fsbase=${quad(RECORD.fsBase)} gsbase=${quad(RECORD.gsBase)} rflags=${quad(RECORD.rflags)}`,
    `  ${registers}`,
    ...fields.map(
      ({ field, expected, actual }) => `  ${field}: processor ${digits(expected)}, engine ${digits(actual)}`,
    ),
  ].join('\n');
}
