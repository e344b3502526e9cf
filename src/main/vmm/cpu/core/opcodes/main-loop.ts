import { FIRST_RARE, type CaseTable } from './case-table.js';

/** Source of the interpreter's main loop around the cases. */
export function mainLoop(cases: CaseTable): string {
  return `// Made from the opcode table by opcodes/generate.ts.
import { OP_SIZE, REGION_BUDGET } from '../../layout';
import { lookup } from '../code-cache';
import { deliverOpFault } from '../exceptions';
import { pageEnd, service, startOp, takeGrant } from '../loop';
import { runRegion } from '../regions';
import { getRegister, nextOp, opImm, opRip, pendingEvents, putRegister, slotA, slotB } from '../state';
import { condition0, condition2, condition4, condition6, condition8, condition10, condition12, condition14, getCF, setFlagsLogic } from '../flags';
import {
  baseAddress, commit, effectiveOffset, hostPointer, indexedAddress, misses, modifyPointer, readAddress, readEntry, readPointer,
  writeAddress, writeEntry, writePointer,
} from '../memory';
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

/** Executes about \`budget\` bytes of ops; how many are left. The reason it stopped is in EXIT_REASON. */
export function execute(budget: i32): i32 {
  let op = startOp();
  let start = op;
  while (true) {
    let next: usize = 0;
    switch (<u32>load<u16>(op)) {
      case 0: next = lookup(opRip(op)); break;
      case 1: {
        // No instruction: the count of the block goes on.
        const known: usize = load<u32>(op, 8);
        start += known - op;
        op = known;
        continue;
      }
      case 2: next = pageEnd(); break;
      case 3: next = crossPage(op); break;
      case 4: return budget;
      // No instruction either.
      case 5: start += OP_SIZE; next = stepDone(op); break;
      case 6: next = undefined(op); break;
      case 7: next = tooLong(op); break;
      case 8: {
        // A region counts for itself.
        store<i32>(REGION_BUDGET, budget - <i32>(op - start));
        next = runRegion(op);
        budget = load<i32>(REGION_BUDGET);
        start = op + OP_SIZE;
        break;
      }
${cases.hotLines().join('\n')}
      default: next = rare(op, load<u16>(op));
    }
    // A block ended: count it, and look up from the work now and then.
    budget -= <i32>(op - start) + OP_SIZE;
    if (budget <= 0 || pendingEvents()) {
      next = service(next, budget <= 0);
      budget += takeGrant();
    }
    op = next;
    start = next;
  }
}

/** Executes an instruction that is a function's work; the next op, which is the op itself if it is no such. */
export function single(op: usize): usize {
  const id = <u32>load<u16>(op);
  switch (id) {
${cases.callLines().join('\n')}
      default: return id < ${FIRST_RARE} ? op : rare(op, id);
  }
}

/** What is seldom executed: instructions, and what a case of the main loop found to be out of the ordinary. */
function rare(op: usize, id: u32): usize {
  switch (id) {
${cases.rareLines().join('\n')}
      default: unreachable();
  }
  return 0;
}
`;
}

const NOT_INSTRUCTIONS = new Set([
  'load', 'store', 'sizeof', 'putRegister', 'getRegister', 'slotA', 'slotB', 'opImm', 'nextOp', 'readPointer', 'readAddress',
  'writePointer', 'writeAddress', 'modifyPointer', 'commit', 'effectiveOffset', 'deliverOpFault', 'if', 'baseAddress',
  'indexedAddress', 'readEntry', 'writeEntry', 'hostPointer', 'misses', 'getCF', 'setFlagsLogic',
  'rare',
]); // prettier-ignore
