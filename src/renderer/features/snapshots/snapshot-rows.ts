import type { SnapshotTreeView, SnapshotView } from '../../../shared/contract/snapshot-view.js';

/** A line that passes by a row. */
export interface PassingLine {
  readonly lane: number;
  /** It leads to the present. */
  readonly main: boolean;
}

/** What is drawn in the rail beside a row. Lanes count from the left; lane 0 of a path to the present is the main line. */
export interface RowRail {
  /** Lane of the row's own mark. */
  readonly lane: number;
  /** How the row hangs on its parent: straight from above, a bend from the lane to the left, or not at all. */
  readonly from: 'above' | 'bend' | 'none';
  /** Whether the line goes on below the mark. */
  readonly goesOn: boolean;
  /** Lines to the left, the parent's of a bend included. */
  readonly passing: readonly PassingLine[];
  /** The row is on the path to the present. */
  readonly main: boolean;
}

interface CommonRow {
  readonly key: string;
  /** Depth in the tree, from 1, for assistive technology. */
  readonly level: number;
  /** Key of the row it hangs on; null for a first one. */
  readonly parentKey: string | null;
  readonly rail: RowRail;
}

export type SnapshotRow =
  | (CommonRow & { readonly kind: 'snapshot'; readonly snapshot: SnapshotView })
  | (CommonRow & { readonly kind: 'present' });

export interface RowFilter {
  /** Lower or upper case alike, in names and notes. */
  readonly text: string;
  readonly automatic: boolean;
}

/** Key of the row "You are here". */
export const PRESENT_KEY = 'present';

/**
 * Rows from top to bottom: parents above children, side branches right after the snapshot they leave from, the path to
 * the present last. A snapshot that the filter leaves out is skipped; what hung on it hangs on the next one above.
 */
export function snapshotRows(tree: SnapshotTreeView, filter: RowFilter): SnapshotRow[] {
  const shown = new Shown(tree, filter);
  const rows: SnapshotRow[] = [];
  const place = (id: string | null, spot: Spot): void => {
    const branches = shown.branches(id);
    if (id !== null) rows.push(shown.row(id, spot, branches.length > 0));
    const last = branches.at(-1);
    for (const child of branches) {
      const straight = child === last;
      const passing =
        straight || id === null ? spot.passing : [...spot.passing, { lane: spot.lane, main: shown.leadsToPresent(id) }];
      // Trees without a common first snapshot stand one below the other.
      const lane = straight || id === null ? spot.lane : spot.lane + 1;
      const from = id === null ? 'none' : straight ? 'above' : 'bend';
      place(child, { parentKey: id, lane, from, passing, level: spot.level + 1 });
    }
  };
  place(null, { parentKey: null, lane: 0, from: 'none', passing: [], level: 0 });
  return rows;
}

/** Where a row is to stand. */
interface Spot {
  readonly parentKey: string | null;
  readonly lane: number;
  readonly from: RowRail['from'];
  readonly passing: readonly PassingLine[];
  readonly level: number;
}

/** The part of a tree that a filter leaves, with the present as the last of its path. */
class Shown {
  private readonly byId: ReadonlyMap<string, SnapshotView>;
  private readonly children = new Map<string | null, string[]>();
  private readonly path = new Set<string>([PRESENT_KEY]);

  constructor(tree: SnapshotTreeView, filter: RowFilter) {
    this.byId = new Map(tree.snapshots.map((snapshot) => [snapshot.id, snapshot]));
    const wanted = filter.text.trim().toLowerCase();
    const visible = new Set(
      tree.snapshots.filter((snapshot) => matches(snapshot, wanted, filter.automatic)).map(({ id }) => id),
    );
    const visibleFrom = (id: string | null): string | null =>
      id === null || visible.has(id) ? id : visibleFrom(this.byId.get(id)?.parentId ?? null);
    for (const { id, parentId } of tree.snapshots) if (visible.has(id)) this.add(visibleFrom(parentId), id);
    this.add(visibleFrom(tree.currentId), PRESENT_KEY);
    for (let id = tree.currentId; id !== null; id = this.byId.get(id)?.parentId ?? null) this.path.add(id);
  }

  /** What hangs on a snapshot, oldest first, the one that leads to the present last. */
  branches(id: string | null): readonly string[] {
    const children = this.children.get(id) ?? [];
    const age = (child: string) => (this.path.has(child) ? Infinity : (this.byId.get(child)?.createdAt ?? 0));
    return [...children].sort((a, b) => age(a) - age(b));
  }

  leadsToPresent(id: string): boolean {
    return this.path.has(id);
  }

  row(id: string, spot: Spot, goesOn: boolean): SnapshotRow {
    const { lane, from, passing, level, parentKey } = spot;
    const common = { key: id, level, parentKey, rail: { lane, from, passing, goesOn, main: this.leadsToPresent(id) } };
    if (id === PRESENT_KEY) return { kind: 'present', ...common };
    return { kind: 'snapshot', snapshot: this.byId.get(id)!, ...common };
  }

  private add(parent: string | null, child: string): void {
    this.children.set(parent, [...(this.children.get(parent) ?? []), child]);
  }
}

function matches(snapshot: SnapshotView, wanted: string, automatic: boolean): boolean {
  if (!automatic && snapshot.kind === 'automatic') return false;
  return `${snapshot.name}\n${snapshot.notes}`.toLowerCase().includes(wanted);
}

/** Every snapshot that hangs on this one, however far below. */
export function descendantsOf(tree: SnapshotTreeView, id: string): SnapshotView[] {
  const found = new Set([id]);
  // Parents come before their children.
  for (const { id: child, parentId } of tree.snapshots) if (parentId !== null && found.has(parentId)) found.add(child);
  return tree.snapshots.filter((snapshot) => snapshot.id !== id && found.has(snapshot.id));
}
