import type { CaseInfo, CaseStep } from './case-info.js';
import { TEMPLATES, type Template } from './generate/template.js';

/** How an instruction's operand is addressed: not at all, a register, or memory by 16-, 32- or 64-bit addresses. */
function formOf({ template, inMemory, addressBytes }: CaseStep): string {
  if (!template.encoding.modrm) return '-';
  return inMemory ? `m${addressBytes * 8}` : 'reg';
}

/** Prefixes that mean something to a row: LOCK where it is allowed, repeats for strings. */
function prefixOf({ template, prefix }: CaseStep): string {
  if (prefix === 'lock' && !('lock' in template.row)) return 'none';
  if (prefix === 'repeat' && !/^(movs|cmps|stos|lods|scas|ins|outs)b?$/.test(template.mnemonic)) return 'none';
  return prefix;
}

function nameOf(step: CaseStep): string {
  return `${rowOf(step.template)} | ${step.operandBytes * 8} | ${formOf(step)} | ${prefixOf(step)}`;
}

const rowOf = ({ mnemonic, row }: Template): string => `${mnemonic} ${row.encoding} ${row.operands ?? ''}`.trim();

interface Cell {
  readonly template: Template;
  readonly name: string;
  states: number;
}

/** How many states were executed of each row of the opcode table × operand size × addressing form × prefix. */
export class Coverage {
  private readonly cells = new Map<string, Cell>();

  /** Counts a case by its first instruction: whether later ones are reached is not known. */
  add({ steps }: CaseInfo): void {
    const step = steps[0]!;
    const { template } = step;
    const name = nameOf(step);
    const cell = this.cells.get(name);
    if (cell) cell.states++;
    else this.cells.set(name, { template, name, states: 1 });
  }

  /** Goes on from a table written before. Rows that are no more are left out. */
  load(table: string): void {
    const rows = new Map(TEMPLATES.map((template) => [rowOf(template), template]));
    for (const line of table.split('\n')) {
      const [row, bits, operand, prefix, states] = line.split(' | ');
      const template = rows.get(row!);
      if (!template || !/^\d+$/.test(states ?? '')) continue;
      const name = [row, bits, operand, prefix].join(' | ');
      this.cells.set(name, { template, name, states: Number(states) });
    }
  }

  /** How often an instruction's combination was executed. */
  statesOf(step: CaseStep): number {
    return this.cells.get(nameOf(step))?.states ?? 0;
  }

  /** Rows of which something was executed less often than that, and the rows of `all` not executed at all. */
  lacking(states: number, all: readonly Template[]): ReadonlySet<Template> {
    const seen = new Set([...this.cells.values()].map(({ template }) => template));
    const few = [...this.cells.values()].filter((cell) => cell.states < states).map(({ template }) => template);
    return new Set([...few, ...all.filter((template) => !seen.has(template))]);
  }

  /** One line for each cell, then what they sum up to. */
  table(states: number): string {
    const cells = [...this.cells.values()];
    const lines = cells.map((cell) => `${cell.name} | ${cell.states}`).sort();
    return ['row | operand bits | operand | prefix | states', ...lines, this.summary(states)].join('\n');
  }

  summary(states: number): string {
    const cells = [...this.cells.values()];
    const rows = new Set(cells.map(({ template }) => template)).size;
    const few = cells.filter((cell) => cell.states < states).length;
    return `${rows} rows, ${cells.length} combinations of row, operand size, operand and prefix; ${few} with fewer than ${states} states`;
  }
}
