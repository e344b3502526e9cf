import type { CaseInfo, CaseStep } from './case-info.js';
import { combinationOf, combinationsIn, combinationsOf, rowOf } from './combinations.js';
import type { Mode } from './generate/case-builder.js';
import { TEMPLATES, type Template } from './generate/template.js';

interface Cell {
  readonly template: Template;
  states: number;
}

/** How many states were executed of each row of the opcode table × operand size × addressing form × prefix. */
export class Coverage {
  /** By name: all that can exist, executed or not. */
  private readonly cells = new Map<string, Cell>(
    TEMPLATES.flatMap((template) => [...combinationsOf(template)].map((name) => [name, { template, states: 0 }])),
  );

  /** Counts a case by its first instruction: whether later ones are reached is not known. */
  add({ steps }: CaseInfo): void {
    const step = steps[0]!;
    const cell = this.cells.get(combinationOf(step));
    if (!cell) throw new Error(`${combinationOf(step)} was executed and is no combination`);
    cell.states++;
  }

  /** Goes on from a table written before. Combinations that are no more are left out. */
  load(table: string): void {
    for (const line of table.split('\n')) {
      const at = line.lastIndexOf(' | ');
      const cell = this.cells.get(line.slice(0, at));
      const states = line.slice(at + 3);
      if (cell && /^\d+$/.test(states)) cell.states = Number(states);
    }
  }

  /** How often an instruction's combination was executed. */
  statesOf(step: CaseStep): number {
    return this.cells.get(combinationOf(step))?.states ?? 0;
  }

  /** Whether some combination a row has in a mode was executed less often than that. */
  lacks(states: number, template: Template, mode: Mode): boolean {
    return [...combinationsIn(mode, template)].some((name) => this.cells.get(name)!.states < states);
  }

  /** How many combinations of such rows were executed less often than that. */
  lacking(states: number, only: (template: Template) => boolean = () => true): number {
    return [...this.cells.values()].filter((cell) => cell.states < states && only(cell.template)).length;
  }

  /** One line for each cell, then what they sum up to. */
  table(states: number): string {
    const lines = [...this.cells].map(([name, cell]) => `${name} | ${cell.states}`).sort();
    return ['row | operand bits | operand | prefix | states', ...lines, this.summary(states)].join('\n');
  }

  summary(states: number): string {
    const rows = new Set([...this.cells.values()].map(({ template }) => rowOf(template))).size;
    return `${rows} rows, ${this.cells.size} combinations of row, operand size, operand and prefix; ${this.lacking(states)} with fewer than ${states} states`;
  }
}
