import type { Instruction } from './opcode.js';
import type { CaseTable } from './case-table.js';
import { describeFlags } from './flag-traits.js';
import { addressOf, modifyOperand, readOperand, SEGMENTED, storeOperand, type Address } from './memory-operand.js';
import { condition, isMemoryForm, modifyRegister, slot, sourceValues, TAKE_JUMP } from './case-text.js';
import { operandType, sizesOf, TYPES, type OperandSize } from './operands.js';

interface Ids {
  /** [size][register, memory] flattened. */
  readonly ids: number[];
  readonly lockIds: number[];
}

/** Instructions with a case of their own for flat memory operands without an index register. */
const SHORT_ADDRESS = new Set([
  'move', 'zeroExtend', 'signExtend', 'lea', 'add', 'sub', 'and', 'or', 'xor', 'cmp', 'test', 'inc', 'dec', 'imul',
]); // prettier-ignore

/** Makes the main loop's cases for one row of the table and answers with their ids. */
export function integerCase(row: Instruction, size: OperandSize, cases: CaseTable): Ids {
  const ids = new Array<number>(8).fill(0);
  const lockIds = new Array<number>(4).fill(0);
  for (const s of sizesOf(size)) {
    const type = TYPES[s]!;
    ids[s * 2] = registerCase(row, type, cases);
    ids[s * 2 + 1] = memoryCase(row, type, cases);
    if (row.lock) lockIds[s] = cases.call(lockCall(row, type));
  }
  return { ids, lockIds };
}

function lockCall(row: Instruction, type: string): string {
  const immediate = row.operands.includes('I') ? 'Immediate' : '';
  const name = row.lock!;
  if (name === 'xchg') return `exchange<${type}>(op)`;
  if (name === 'cmpxchg8b') return call(row, type);
  if (name === 'cmpxchg') return `compareExchange<${type}>(op)`;
  if (/^bt[src]$/.test(name)) return call(row, type);
  return `locked${name[0]!.toUpperCase()}${name.slice(1)}${immediate}<${type}>(op)`;
}

function call(row: Instruction, type: string): string {
  if (row.execute.endsWith('!')) return `${row.execute.slice(0, -1)}(op)`;
  const narrow = row.operands.includes('eAX') && type === 'u64' ? 'u32' : type;
  return `${row.execute}<${narrow}>(op)`;
}

function registerCase(row: Instruction, type: string, cases: CaseTable): number {
  const outside = outsideCase(row, type, cases);
  if (outside !== undefined) return outside;
  const id = inlineCase(row, type, undefined, cases);
  describeFlags(id, row, type, cases);
  return id;
}

function memoryCase(row: Instruction, type: string, cases: CaseTable): number {
  const outside = outsideCase(row, type, cases);
  if (outside !== undefined) return outside;
  const id = inlineCase(row, type, SEGMENTED, cases);
  if (hasFlatCases(row, type)) {
    const flat = (kind: 'base' | 'indexed'): number => inlineCase(row, type, { kind, rare: id }, cases);
    const indexed = flat('indexed');
    cases.setFlat(id, { base: SHORT_ADDRESS.has(row.execute) ? flat('base') : indexed, indexed });
  }
  return id;
}

/** The case of an instruction that is a function's work. */
function outsideCase(row: Instruction, type: string, cases: CaseTable): number | undefined {
  if (row.form === 'call' || row.form === 'end') return cases.call(call(row, type));
  if (row.form === 'jcc') return jcc(row, type, cases);
  return undefined;
}

/** The segmented case is rare then. */
function hasFlatCases(row: Instruction, type: string): boolean {
  return type !== 'u16' && row.form !== 'inline' && row.operands.split(',').some(isMemoryForm);
}

/** 16-bit operands are rare, and segmented ones where a flat case exists. */
function inlineCase(row: Instruction, type: string, address: Address | undefined, cases: CaseTable): number {
  const rare =
    (type === 'u16' && !['setcc', 'inline'].includes(row.form)) ||
    (address?.kind === 'segmented' && hasFlatCases(row, type));
  const body = inlineBody(row, type, address);
  return rare ? cases.inlineRare(body) : cases.inline(body);
}

function inlineBody(row: Instruction, type: string, address: Address | undefined): string {
  switch (row.form) {
    case 'inline':
      return '';
    case 'setcc':
      return storeTo('Eb', 'u8', address, `<u8>(${conditionOf(row)})`);
    case 'cmov':
      return conditionalMove(row, type, address);
    case 'address':
      return `putRegister<${type}>(slotA(op), <${type}>${offsetOf(address)});`;
    default:
      return dataCase(row, type, address);
  }
}

/** What LEA computes; without segment bases a linear address is an offset. */
function offsetOf(address: Address | undefined): string {
  return address === undefined || address.kind === 'segmented' ? 'effectiveOffset(op)' : addressOf(address.kind);
}

function conditionOf(row: Instruction): string {
  return condition(Number(row.execute));
}

function jcc(row: Instruction, type: string, cases: CaseTable): number {
  if (type === 'u16') return cases.call(`${conditionOf(row)} ? branch16(op) : nextOp(op)`);
  const id = cases.inline(`if (${conditionOf(row)}) { ${TAKE_JUMP} }`);
  cases.setCondition(id, Number(row.execute));
  return id;
}

/** A 32-bit CMOV zeroes the upper half whatever the condition; the memory operand is read either way. */
function conditionalMove(row: Instruction, type: string, address: Address | undefined): string {
  const move = (source: string): string =>
    `const a = slotA(op); putRegister<${type}>(a, ${conditionOf(row)} ? ${source} : getRegister<${type}>(a));`;
  return address === undefined
    ? move(`getRegister<${type}>(slotB(op))`)
    : `${readOperand(type, address)} ${move(`load<${type}>(p)`)}`;
}

function storeTo(operand: string, type: string, address: Address | undefined, result: string): string {
  return address !== undefined && isMemoryForm(operand)
    ? storeOperand(type, address, result)
    : `putRegister<${type}>(${slot(operand)}, ${result});`;
}

/** ALU operations and moves: fetch operands, apply the function, store. */
function dataCase(row: Instruction, type: string, address: Address | undefined): string {
  const operands = row.operands.split(',');
  const target = operands[0]!;
  const memory = address !== undefined;
  // A0–A3 with a 64-bit offset take the place of their register form.
  if (row.operands.includes('O') && !memory) return moveOffset64(target, type);
  const values = sourceValues(row, type, memory);
  const source = (row.form === 'write' ? operands.slice(1) : operands).find(isMemoryForm);
  const alu = !['move', 'zeroExtend', 'signExtend'].includes(row.execute);
  const result = alu ? `${row.execute}<${type}>(${values.join(', ')})` : extended(row, operands[1]!, type, values[0]!);
  if (memory && row.form === 'modify' && isMemoryForm(target)) return modifyOperand(type, address, result);
  if (memory && row.form === 'write' && isMemoryForm(target)) return storeOperand(type, address, result);
  const fetch = memory && source ? readOperand(operandType(source, type), address) : '';
  if (row.form === 'compare') return `${fetch} ${result};`;
  return row.form === 'modify'
    ? `${fetch} ${modifyRegister(target, type, result)}`
    : `${fetch} putRegister<${type}>(${slot(target)}, ${result});`;
}

function extended(row: Instruction, source: string, type: string, value: string): string {
  if (row.execute === 'move') return value;
  const own = operandType(source, type);
  const signed = own.replace('u', 'i');
  return row.execute === 'signExtend'
    ? `<${type}>(<${type.replace('u', 'i')}>(<${signed}>${value}))`
    : `<${type}>${value}`;
}

function moveOffset64(target: string, type: string): string {
  const move = target.startsWith('O') ? 'storeAtOffset' : 'loadFromOffset';
  return `if (!${move}<${type}>(op)) { next = deliverOpFault(op); break; }`;
}
