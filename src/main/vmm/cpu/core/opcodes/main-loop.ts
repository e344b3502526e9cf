/** Binaryen turns a chain of comparisons into a jump table only if its cases span no more than this. */
const MAX_SWITCH = 1024;

/** Collects the cases of the main loop; equal code shares an id. */
export class CaseTable {
  private readonly ids = new Map<string, number>();
  /** Ids below are the pseudo-ops of assembly/pseudo-ops.ts. */
  static readonly FIRST = 8;

  /** Code that falls through to the next op, or sets `next` and breaks. */
  inline(body: string): number {
    return this.add(`{ ${body} op += OP_SIZE; continue; }`);
  }

  /** An expression that gives the next op. */
  call(expression: string): number {
    return this.add(`next = ${expression}; break;`);
  }

  private add(code: string): number {
    const known = this.ids.get(code);
    if (known !== undefined) return known;
    const id = CaseTable.FIRST + this.ids.size;
    this.ids.set(code, id);
    return id;
  }

  /** Cases of the main loop's own switch: all up to the last that is not a mere call, which must be few enough. */
  hotLines(): string[] {
    const end = this.rareFrom();
    if (end > MAX_SWITCH)
      throw new Error(`${end} cases in the main loop: beyond ${MAX_SWITCH} Binaryen makes no jump table`);
    return this.entries()
      .filter(([, id]) => id < end)
      .map(([code, id]) => `      case ${id}: ${code}`);
  }

  /** Cases after those, each a call: a switch of its own, out of line. */
  rareLines(): string[] {
    const start = this.rareFrom();
    return this.entries()
      .filter(([, id]) => id >= start)
      .map(([code, id]) => `    case ${id}: ${code.replace(/^next = (.*); break;$/, 'return $1;')}`);
  }

  private entries(): [string, number][] {
    return [...this.ids];
  }

  private rareFrom(): number {
    const inline = this.entries().filter(([code]) => code.startsWith('{'));
    return Math.max(...inline.map(([, id]) => id)) + 1;
  }

  /** Identifiers the cases call. */
  names(): Set<string> {
    return new Set([...this.ids.keys()].flatMap((code) => code.match(/\b[a-z]\w*(?=(<\w+>)?\()/g) ?? []));
  }
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

function executeRare(id: u32, op: usize): usize {
  switch (id) {
${cases.rareLines().join('\n')}
    default: unreachable();
  }
  return 0;
}

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
      default: next = executeRare(<u32>load<u16>(op), op);
    }
    // A block ended: count it, and look up from the work now and then.
    budget -= <i32>(op - start) / OP_SIZE + 1;
    if (budget <= 0 || pendingEvents()) next = service(next, budget <= 0);
    op = next;
    start = next;
  }
}
`;
}

const NOT_INSTRUCTIONS = new Set([
  'load', 'store', 'putReg', 'cellA', 'cellB', 'opImm', 'nextOp', 'readPointer', 'readAddress', 'writePointer',
  'writeAddress', 'modifyPointer', 'commit', 'effectiveOffset', 'deliverOpFault', 'if',
]); // prettier-ignore
