import { X87Op } from '../../../core/opcodes/x87-op.js';
import { importIndex, type RegionImport } from '../../code/imports.js';
import type { RegionCode } from '../../code/region-code.js';
import type { ExtendedValue } from '../../code/x87-stack.js';
import type { Lowering } from '../lowering.js';
import { DOUBLE, INTEGER16, INTEGER32, readOperand, SINGLE, type MemoryFormat } from './memory-operand.js';
import { pushValue, stackIndex, takeResult, x87, type X87Lowerings } from './x87-lowering.js';

/** An operation of the core's, its operands as written or the other way round. */
interface Operation {
  readonly name: RegionImport;
  readonly reversed: boolean;
}

const forwards = (name: RegionImport): Operation => ({ name, reversed: false });
const reversed = (name: RegionImport): Operation => ({ name, reversed: true });

const ADD = forwards('x87Add');
const MULTIPLY = forwards('x87Multiply');
const SUBTRACT = forwards('x87Subtract');
const SUBTRACT_REVERSED = reversed('x87Subtract');
const DIVIDE = forwards('x87Divide');
const DIVIDE_REVERSED = reversed('x87Divide');

/** ST(i) ∘ b → ST(i). */
function compute(to: RegionCode, operation: Operation, i: number, b: ExtendedValue): void {
  const a = to.x87.read(i);
  pushValue(to, operation.reversed ? b : a);
  pushValue(to, operation.reversed ? a : b);
  to.code.call(importIndex(operation.name));
  takeResult(to, i);
}

const withMemory = (operation: Operation, format: MemoryFormat): Lowering =>
  x87((to, instruction) => {
    to.x87.requireValid(0);
    compute(to, operation, 0, readOperand(to, instruction, format));
  });

const intoTop = (operation: Operation): Lowering =>
  x87((to, instruction) => {
    to.x87.requireValid(0);
    compute(to, operation, 0, to.x87.read(stackIndex(instruction)));
  });

const intoOther = (operation: Operation, pops: boolean): Lowering =>
  x87((to, instruction) => {
    const i = stackIndex(instruction);
    to.x87.requireValid(i);
    compute(to, operation, i, to.x87.read(0));
    if (pops) to.x87.pop();
  });

const squareRoot = x87((to) => {
  pushValue(to, to.x87.read(0));
  to.code.call(importIndex('x87SquareRoot'));
  takeResult(to, 0);
});

/** Rows of one operation: by memory format, ST(0) ∘ ST(i), ST(i) ∘ ST(0), and that with a pop. */
function rows(
  operation: Operation,
  memory: readonly [single: X87Op, double: X87Op, integer32: X87Op, integer16: X87Op],
  stack: readonly [top: X87Op, other: X87Op, otherAndPop: X87Op],
): (readonly [X87Op, Lowering])[] {
  const formats = [SINGLE, DOUBLE, INTEGER32, INTEGER16];
  return [
    ...memory.map((op, index) => [op, withMemory(operation, formats[index]!)] as const),
    [stack[0], intoTop(operation)],
    [stack[1], intoOther(operation, false)],
    [stack[2], intoOther(operation, true)],
  ];
}

// prettier-ignore
export const X87_ARITHMETIC: X87Lowerings = new Map<X87Op, Lowering>([
  ...rows(ADD, [X87Op.FADD_M32, X87Op.FADD_M64, X87Op.FADD_I32, X87Op.FADD_I16], [X87Op.FADD_ST0, X87Op.FADD_STI, X87Op.FADD_STIP]),
  ...rows(MULTIPLY, [X87Op.FMUL_M32, X87Op.FMUL_M64, X87Op.FMUL_I32, X87Op.FMUL_I16], [X87Op.FMUL_ST0, X87Op.FMUL_STI, X87Op.FMUL_STIP]),
  ...rows(SUBTRACT, [X87Op.FSUB_M32, X87Op.FSUB_M64, X87Op.FSUB_I32, X87Op.FSUB_I16], [X87Op.FSUB_ST0, X87Op.FSUB_STI, X87Op.FSUB_STIP]),
  ...rows(SUBTRACT_REVERSED, [X87Op.FSUBR_M32, X87Op.FSUBR_M64, X87Op.FSUBR_I32, X87Op.FSUBR_I16], [X87Op.FSUBR_ST0, X87Op.FSUBR_STI, X87Op.FSUBR_STIP]),
  ...rows(DIVIDE, [X87Op.FDIV_M32, X87Op.FDIV_M64, X87Op.FDIV_I32, X87Op.FDIV_I16], [X87Op.FDIV_ST0, X87Op.FDIV_STI, X87Op.FDIV_STIP]),
  ...rows(DIVIDE_REVERSED, [X87Op.FDIVR_M32, X87Op.FDIVR_M64, X87Op.FDIVR_I32, X87Op.FDIVR_I16], [X87Op.FDIVR_ST0, X87Op.FDIVR_STI, X87Op.FDIVR_STIP]),
  [X87Op.FSQRT, squareRoot],
]);
