import type { Instruction } from './opcode.js';
import type { CaseTable } from './main-loop.js';
import { operandType, sizesOf, TYPES, type OperandSize } from './operands.js';

interface Ids {
  /** [size][register, memory] flattened. */
  readonly ids: number[];
  readonly lockIds: number[];
}

/** Makes the main loop's cases for one row of the table and answers with their ids. */
export function integerCase(row: Instruction, size: OperandSize, cases: CaseTable): Ids {
  const ids = new Array<number>(8).fill(0);
  const lockIds = new Array<number>(4).fill(0);
  for (const s of sizesOf(size)) {
    const type = TYPES[s]!;
    ids[s * 2] = one(row, type, false, cases);
    ids[s * 2 + 1] = one(row, type, true, cases);
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

function one(row: Instruction, type: string, memory: boolean, cases: CaseTable): number {
  switch (row.form) {
    case 'call':
    case 'end':
      return cases.call(call(row, type));
    case 'inline':
      return cases.inline('');
    case 'jcc':
      return jcc(row, type, cases);
    case 'setcc':
      return cases.inline(storeTo('Eb', 'u8', memory, `<u8>(${condition(row)})`));
    case 'cmov':
      return cases.inline(conditionalMove(row, type, memory), type);
    case 'address':
      return cases.inline(`putReg<${type}>(cellA(op), <${type}>effectiveOffset(op));`, type);
    default:
      return cases.inline(dataCase(row, type, memory), type);
  }
}

/** The condition of the opcode's low four bits. */
export function condition(row: Instruction): string {
  const index = Number(row.execute);
  return `${index & 1 ? '!' : ''}condition${index & ~1}()`;
}

function jcc(row: Instruction, type: string, cases: CaseTable): number {
  if (type === 'u16') return cases.call(`${condition(row)} ? branch16(op) : nextOp(op)`);
  return cases.inline(
    `if (${condition(row)}) { const to: usize = load<u32>(op, 8); next = to ? to : branch(op); break; }`,
  );
}

/** A 32-bit CMOV zeroes the upper half whatever the condition; the memory operand is read either way. */
function conditionalMove(row: Instruction, type: string, memory: boolean): string {
  const move = (source: string): string =>
    `putReg<${type}>(cellA(op), ${condition(row)} ? load<${type}>(${source}) : load<${type}>(cellA(op)));`;
  return memory ? `${readOperand(type)} ${move('p')}` : move('cellB(op)');
}

const FAULT = 'if (!p) { next = deliverOpFault(op); break; }';

function readOperand(type: string): string {
  return `const p = readPointer<${type}>(readAddress<${type}>(op)); ${FAULT}`;
}

const isMemoryForm = (operand: string): boolean => 'EMO'.includes(operand[0]!);

/** Address of an operand that is a register. */
function cell(operand: string): string {
  if (operand === 'AL' || operand === 'rAX') return 'REGS';
  if (operand === 'CL') return '(REGS + 8)';
  return 'GZ'.includes(operand[0]!) ? 'cellA(op)' : 'cellB(op)';
}

function value(operand: string, type: string, memory: boolean): string {
  const own = operandType(operand, type);
  if (operand === '1') return '<u8>1';
  if (operand === 'Iv' && type === 'u64') return 'load<u64>(op, 8)';
  if (operand[0] === 'I') return immediate(own === 'u8' ? 'u8' : type);
  return memory && isMemoryForm(operand) ? `load<${own}>(p)` : `load<${own}>(${cell(operand)})`;
}

/** The immediate in a type: sign-extended to 64 bits, cut to narrower ones. */
function immediate(type: string): string {
  return type === 'u32' ? 'load<u32>(op, 12)' : `<${type}>opImm(op)`;
}

function storeTo(operand: string, type: string, memory: boolean, result: string): string {
  if (!memory || !isMemoryForm(operand)) return `putReg<${type}>(${cell(operand)}, ${result});`;
  return `const p = writePointer<${type}>(writeAddress<${type}>(op)); ${FAULT} store<${type}>(p, ${result}); commit(p);`;
}

/** ALU operations and moves: fetch operands, apply the function, store. */
function dataCase(row: Instruction, type: string, memory: boolean): string {
  const operands = row.operands.split(',');
  const target = operands[0]!;
  // A0–A3 with a 64-bit offset take the place of their register form.
  if (row.operands.includes('O') && !memory) return moveOffset64(target, type);
  const sources = row.form === 'write' ? operands.slice(1) : operands;
  const alu = !['move', 'zeroExtend', 'signExtend'].includes(row.execute);
  const shiftCount = /^(sh|sa|ro|rc)/.test(row.execute);
  const values = sources.map((operand, index) => {
    // An imm8 is sign-extended to the operand size but where it is a count.
    if (operand === 'Ib' && !(shiftCount && index > 0) && type !== 'u8') return immediate(type);
    return value(operand, type, memory);
  });
  const result = alu ? `${row.execute}<${type}>(${values.join(', ')})` : extended(row, sources[0]!, type, values[0]!);
  if (row.form === 'compare') return `${memory && operands.some(isMemoryForm) ? readOperand(type) : ''} ${result};`;
  if (memory && isMemoryForm(target)) {
    if (row.form === 'write') return storeTo(target, type, true, result);
    return `const p = modifyPointer<${type}>(writeAddress<${type}>(op)); ${FAULT} store<${type}>(p, ${result}); commit(p);`;
  }
  const source = sources.find(isMemoryForm);
  const fetch = memory && source ? readOperand(operandType(source, type)) : '';
  return `${fetch} putReg<${type}>(${cell(target)}, ${result});`;
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
  return target.startsWith('O')
    ? `if (!storeAtOffset<${type}>(op)) { next = deliverOpFault(op); break; }`
    : `if (!loadFromOffset<${type}>(op)) { next = deliverOpFault(op); break; }`;
}
