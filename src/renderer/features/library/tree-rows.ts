import type { BrokenMachine, MachineView } from '../../../shared/contract/machine-view.js';

export interface FolderRow {
  readonly kind: 'folder';
  readonly key: string;
  readonly path: string;
  readonly name: string;
  /** 1 is the top. */
  readonly level: number;
  readonly expanded: boolean;
  /** Machines in it and below it. */
  readonly count: number;
}

export interface MachineRow {
  readonly kind: 'machine';
  readonly key: string;
  readonly name: string;
  readonly level: number;
  readonly machine: MachineView;
}

export interface BrokenRow {
  readonly kind: 'broken';
  readonly key: string;
  readonly name: string;
  readonly level: 1;
  readonly broken: BrokenMachine;
}

export type TreeRow = FolderRow | MachineRow | BrokenRow;

export interface TreeInput {
  readonly machines: readonly MachineView[];
  readonly broken: readonly BrokenMachine[];
  readonly folders: readonly string[];
  readonly collapsed: ReadonlySet<string>;
  readonly filter: string;
}

export interface Tree {
  readonly foldered: readonly TreeRow[];
  readonly loose: readonly TreeRow[];
}

export const folderKey = (path: string) => `folder:${path}`;

function byName(a: MachineView, b: MachineView): number {
  return a.config.name.localeCompare(b.config.name, undefined, { numeric: true });
}

function matches(machine: MachineView, filter: string): boolean {
  const text = `${machine.config.name} ${machine.config.guestOs} ${machine.config.folder}`.toLowerCase();
  return filter
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}

function machineRow(machine: MachineView, level: number): MachineRow {
  return { kind: 'machine', key: machine.config.id, name: machine.config.name, level, machine };
}

/**
 * Rows of the library in the order they are shown: folders with their machines, then machines in no folder. A filter
 * opens every folder that holds a match and leaves out the others.
 */
export function buildTree(input: TreeInput): Tree {
  const filtering = input.filter.trim() !== '';
  const shown = filtering ? input.machines.filter((m) => matches(m, input.filter.trim())) : input.machines;
  const inside = (path: string) =>
    shown.filter((m) => m.config.folder === path || m.config.folder.startsWith(`${path}/`)).length;

  function rowsOf(parent: string, level: number): TreeRow[] {
    const prefix = parent === '' ? '' : `${parent}/`;
    const children = input.folders.filter(
      (path) => path.startsWith(prefix) && path.length > prefix.length && !path.slice(prefix.length).includes('/'),
    );
    return children.flatMap((path): TreeRow[] => {
      const count = inside(path);
      if (filtering && count === 0) return [];
      const expanded = filtering || !input.collapsed.has(path);
      const name = path.slice(prefix.length);
      const row: FolderRow = { kind: 'folder', key: folderKey(path), path, name, level, expanded, count };
      if (!expanded) return [row];
      const machines = shown.filter((m) => m.config.folder === path).toSorted(byName);
      return [row, ...rowsOf(path, level + 1), ...machines.map((m) => machineRow(m, level + 1))];
    });
  }

  const loose: TreeRow[] = shown
    .filter((m) => m.config.folder === '')
    .toSorted(byName)
    .map((m) => machineRow(m, 1));
  const broken: TreeRow[] = filtering
    ? []
    : input.broken.map((b) => ({ kind: 'broken', key: b.id, name: nameOfPath(b.path), level: 1, broken: b }));
  return { foldered: rowsOf('', 1), loose: [...loose, ...broken] };
}

/** `NAME` of `/library/NAME.annex`. */
function nameOfPath(path: string): string {
  return (path.split(/[/\\]/).at(-1) ?? path).replace(/\.annex$/, '');
}

/** The row that type-ahead moves to: the next whose name begins with `text`. */
export function findRow(rows: readonly TreeRow[], text: string, from: number): number {
  const wanted = text.toLowerCase();
  for (let step = 0; step < rows.length; step++) {
    const index = (from + step) % rows.length;
    if (rows[index]!.name.toLowerCase().startsWith(wanted)) return index;
  }
  return -1;
}
