/**
 * Called often enough to have their case in the main loop; the rest are one call further away, in `rare`, which keeps
 * the main loop small for the compilers that must chew it.
 */
const HOT_CALLS = new Set([
  'pushRegister', 'popRegister', 'pushImmediate', 'callRelative', 'jumpRelative', 'jumpNear', 'callNear', 'returnNear',
  'leave', 'convertToPair', 'convertAccumulator', 'simdVW', 'simdWV', 'multiply', 'divide', 'exchangeAccumulator',
]); // prettier-ignore

/** Ids below are the pseudo-ops of assembly/pseudo-ops.ts. */
const FIRST = 8;
/** Ids of `rare`'s cases. Binaryen makes jump tables of at most 1024 entries: both switches must fit one. */
const FIRST_RARE = 1024;
const MAX_CASES = 1024;

/** Collects the cases of the main loop; equal code shares an id. */
export class CaseTable {
  private readonly hot = new Map<string, number>();
  private readonly rare = new Map<string, number>();

  /** Code that falls through to the next op, or sets `next` and breaks. 16-bit operands are rare. */
  inline(body: string, type = ''): number {
    if (type !== 'u16') return add(this.hot, FIRST, `{ ${body} op += OP_SIZE; continue; }`);
    const returning = body.replace(/\{ next = (\w+\(op\)); break; \}/g, 'return $1;');
    return add(this.rare, FIRST_RARE, `{ ${returning} return nextOp(op); }`);
  }

  /** An expression that gives the next op. */
  call(expression: string): number {
    const [name] = expression.split(/[<(]/);
    const hot = HOT_CALLS.has(name!) && !expression.includes('u16');
    return hot
      ? add(this.hot, FIRST, `next = ${expression}; break;`)
      : add(this.rare, FIRST_RARE, `return ${expression};`);
  }

  hotLines(): string[] {
    return lines(this.hot);
  }

  rareLines(): string[] {
    return lines(this.rare);
  }

  /** Identifiers the cases call. */
  names(): Set<string> {
    const code = [...this.hot.keys(), ...this.rare.keys()];
    return new Set(code.flatMap((text) => text.match(/\b[a-z]\w*(?=(<\w+>)?\()/g) ?? []));
  }
}

function add(cases: Map<string, number>, first: number, code: string): number {
  const known = cases.get(code);
  if (known !== undefined) return known;
  if (cases.size === MAX_CASES - FIRST) throw new Error('too many cases for one jump table');
  const id = first + cases.size;
  cases.set(code, id);
  return id;
}

function lines(cases: ReadonlyMap<string, number>): string[] {
  return [...cases].map(([code, id]) => `      case ${id}: ${code}`);
}

/** Source of the interpreter's main loop around the cases. */
export function mainLoop(cases: CaseTable): string {
  return `// Made from the opcode table by opcodes/generate.ts.
import { OP_SIZE, REGS } from '../../layout';
import { lookup } from '../code-cache';
import { deliverOpFault } from '../exceptions';
import { pageEnd, service, startOp } from '../loop';
import { cellA, cellB, nextOp, opImm, opRip, pendingEvents, putReg } from '../state';
import { condition0, condition2, condition4, condition6, condition8, condition10, condition12, condition14 } from '../flags';
import { commit, effectiveOffset, modifyPointer, readAddress, readPointer, writeAddress, writePointer } from '../memory';
import { crossPage, stepDone } from '../step';
import {
${[...cases.names()]
  .concat('tooLong', 'undefined')
  .filter(
    (name, index, all) => all.indexOf(name) === index && !NOT_INSTRUCTIONS.has(name) && !name.startsWith('condition'),
  )
  .sort()
  .map((name) => `  ${name},`)
  .join('\n')}
} from '../instructions';

/** Executes about \`budget\` instructions; the reason it stopped is in EXIT_REASON. */
export function execute(budget: i32): i32 {
  let op = startOp();
  let start = op;
  while (true) {
    let next: usize = 0;
    switch (<u32>load<u16>(op)) {
      case 0: next = lookup(opRip(op)); break;
      case 1: next = load<u32>(op, 8); break;
      case 2: next = pageEnd(); break;
      case 3: next = crossPage(op); break;
      case 4: return budget;
      case 5: next = stepDone(op); break;
      case 6: next = undefined(op); break;
      case 7: next = tooLong(op); break;
${cases.hotLines().join('\n')}
      default: next = rare(op);
    }
    // A block ended: count it, and look up from the work now and then.
    budget -= <i32>(op - start) / OP_SIZE + 1;
    if (budget <= 0 || pendingEvents()) next = service(next, budget <= 0);
    op = next;
    start = next;
  }
}

/** The instructions that are seldom executed. */
function rare(op: usize): usize {
  switch (<u32>load<u16>(op)) {
${cases.rareLines().join('\n')}
      default: unreachable();
  }
  return 0;
}
`;
}

const NOT_INSTRUCTIONS = new Set([
  'load', 'store', 'putReg', 'cellA', 'cellB', 'opImm', 'nextOp', 'readPointer', 'readAddress', 'writePointer',
  'writeAddress', 'modifyPointer', 'commit', 'effectiveOffset', 'deliverOpFault', 'if',
]); // prettier-ignore
