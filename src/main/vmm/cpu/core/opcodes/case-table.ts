import { FLAGS_UNKNOWN } from './flag-effects.js';
import { OP_CLASSES, type OpClass } from './op-class.js';

/**
 * Called often enough to have their case in the main loop; the rest are one call further away, in `rare`, which keeps
 * the main loop small for the compilers that must chew it.
 */
const HOT_CALLS = new Set([
  'jumpRelative', 'jumpNear', 'callNear', 'leave', 'convertToPair', 'convertAccumulator', 'simdVW', 'simdWV', 'multiply',
  'divide', 'exchangeAccumulator',
]); // prettier-ignore

/** What is tried in the case itself first: false leaves everything to the call. */
const TRIED_INLINE: Readonly<Record<string, (type: string) => string>> = {
  pushImmediate: (type) => `tryPush<${type}>(<${type}>opImm(op))`,
};
/** The same for what mostly comes in rows, functions' beginnings and ends: a row is one dispatch. */
const TRIED_IN_ROWS: Readonly<Record<string, (type: string) => string>> = {
  pushRegister: (type) => `tryPush<${type}>(getRegister<${type}>(slotA(op)))`,
  popRegister: (type) => `tryPop<${type}>(slotA(op))`,
};
/** The same for jumps: the next op, or 0. */
const TRIED_JUMPS: Readonly<Record<string, (type: string) => string>> = {
  callRelative: (type) => `tryCall<${type}>(op)`,
  returnNear: (type) => `tryReturn<${type}>(op)`,
};

/** Ids below are the pseudo-ops of assembly/pseudo-ops.ts. */
const FIRST = 9;
/** Ids of `rare`'s cases. Binaryen makes jump tables of at most 1024 entries: both switches must fit one. */
export const FIRST_RARE = 1024;
const MAX_CASES = 1024;
/** Stands for a case's own id in its code. */
const THIS_CASE = 'thisCase';

/** What is known of a case besides its code. Ids are 0 where there is none. */
export interface CaseTraits {
  /** FLAGS_*. */
  readonly flags: number;
  /** The same case for where nobody reads the flags it leaves. */
  readonly quiet: number;
}

/** The cases for a flat memory operand: base and displacement, or an index as well. */
export interface FlatCases {
  readonly base: number;
  readonly indexed: number;
}

/** Collects the cases of the main loop; equal code shares an id. */
export class CaseTable {
  private readonly hot = new Map<string, number>();
  private readonly rare = new Map<string, number>();
  private readonly traits = new Map<number, CaseTraits>();
  private readonly flatCases = new Map<number, FlatCases>();
  /** Fused cases by the first op's id, then by condition. */
  private readonly pairs = new Map<number, ReadonlyMap<number, number>>();
  private readonly conditions = new Map<number, number>();
  private readonly classes = new Map<number, OpClass>();

  /** Code that falls through to the next op, or sets `next` and breaks. */
  inline(body: string): number {
    return add(this.hot, FIRST, `{ ${body} op += OP_SIZE; continue; }`);
  }

  /** The same code in `rare`. */
  inlineRare(body: string): number {
    const returning = body.replace(/\{ next = (\w+\(op\)); break; \}/g, 'return $1;');
    return add(this.rare, FIRST_RARE, `{ ${returning} return nextOp(op); }`);
  }

  /** An expression that gives the next op. */
  call(expression: string): number {
    const [, name, type] = /^(\w*)(?:<(u32|u64)>)?/.exec(expression)!;
    const wide = !expression.includes('u16');
    if (wide && HOT_CALLS.has(name!)) return add(this.hot, FIRST, `next = ${expression}; break;`);
    const rare = add(this.rare, FIRST_RARE, `return ${expression};`);
    if (type === undefined) return rare;
    const inline = TRIED_INLINE[name!];
    if (inline) return this.inline(`if (!${inline(type)}) { next = rare(op, ${rare}); break; }`);
    const row = TRIED_IN_ROWS[name!];
    if (row) return this.inlineRow(row(type), rare);
    const jump = TRIED_JUMPS[name!];
    if (jump) return add(this.hot, FIRST, `next = ${jump(type)}; if (!next) next = rare(op, ${rare}); break;`);
    return rare;
  }

  /** Executes this op and those behind it of the same case, until one is left to the case `rare`. */
  private inlineRow(tried: string, rare: number): number {
    const one = `if (!${tried}) { next = rare(op, ${rare}); break; } op += OP_SIZE;`;
    return add(this.hot, FIRST, `do { ${one} } while (load<u16>(op) == ${THIS_CASE}); if (!next) continue; break;`);
  }

  describe(id: number, traits: CaseTraits): void {
    this.traits.set(id, traits);
  }

  /** Names the cases that take the place of `id` where the memory operand is flat. */
  setFlat(id: number, cases: FlatCases): void {
    this.flatCases.set(id, cases);
  }

  /** Names the conditional jump that is case `id`. */
  setCondition(id: number, condition: number): void {
    this.conditions.set(id, condition);
  }

  /** Names the cases that do the work of `id` and of a conditional jump behind it, by condition. */
  setPairs(id: number, byCondition: ReadonlyMap<number, number>): void {
    this.pairs.set(id, byCondition);
  }

  /** Says what the instruction is whose cases these are; 0 is none. */
  classify(ids: readonly number[], as: OpClass): void {
    for (const id of ids) if (id !== 0) this.classes.set(id, as);
  }

  hotLines(): string[] {
    return lines(this.hot);
  }

  rareLines(): string[] {
    return lines(this.rare);
  }

  /** The hot cases that only call a function, as statements that return the next op. */
  callLines(): string[] {
    return [...this.hot].flatMap(([code, id]) => {
      const called =
        /^next = (\w+(?:<\w+>)?\(op\)); break;$/.exec(code)?.[1] ?? /next = (rare\(op, \d+\))/.exec(code)?.[1];
      return called === undefined ? [] : [`      case ${id}: return ${called};`];
    });
  }

  /** u16 pairs by id: the cases for a flat memory operand. */
  flatTable(): number[] {
    return this.byId((id) => {
      const flat = this.flatCases.get(id);
      return [flat?.base ?? 0, flat?.indexed ?? 0];
    });
  }

  /** u16 quadruples by id: {@link CaseTraits.flags}, quiet case, row of the pair table, column of it + 1. */
  traitTable(): number[] {
    const rows = [...this.pairs.keys()];
    return this.byId((id) => {
      const traits = this.traits.get(id);
      return [
        traits?.flags ?? FLAGS_UNKNOWN,
        traits?.quiet ?? 0,
        rows.indexOf(id) + 1,
        (this.conditions.get(id) ?? -1) + 1,
      ];
    });
  }

  /** u8 by id: number of its class. */
  classTable(): number[] {
    return this.byId((id) => [OP_CLASSES.indexOf(this.classes.get(id) ?? 'integer')]);
  }

  /** Sixteen u16 for each row from 1: the fused case by condition. */
  pairTable(): number[] {
    const rows = [new Map<number, number>(), ...this.pairs.values()];
    return rows.flatMap((row) => Array.from({ length: 16 }, (_, condition) => row.get(condition) ?? 0));
  }

  /** Identifiers the cases call. */
  names(): Set<string> {
    const code = [...this.hot.keys(), ...this.rare.keys()];
    return new Set(code.flatMap((text) => text.match(/\b[a-z]\w*(?=(<\w+>)?\()/g) ?? []));
  }

  private byId(fields: (id: number) => number[]): number[] {
    return Array.from({ length: FIRST_RARE + this.rare.size }, (_, id) => fields(id)).flat();
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
  return [...cases].map(([code, id]) => `      case ${id}: ${code.replace(THIS_CASE, `${id}`)}`);
}
