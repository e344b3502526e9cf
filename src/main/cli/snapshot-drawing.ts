import type { SnapshotTreeView, SnapshotView } from '../../shared/contract/snapshot-view.js';

/** Where the machine is in its tree. */
const HERE = '(you are here)';

/** The snapshots of a machine as lines of a tree. */
export function drawTree({ snapshots, currentId }: SnapshotTreeView): string {
  const childrenOf = (id: string | null): (SnapshotView | undefined)[] => {
    const children: (SnapshotView | undefined)[] = snapshots.filter(({ parentId }) => parentId === id);
    return id === currentId ? [...children, undefined] : children;
  };
  const draw = (id: string | null, indent: string): string =>
    childrenOf(id)
      .map((child, i, all) => {
        const last = i === all.length - 1;
        const line = `${indent}${last ? '└── ' : '├── '}${child ? labelOf(child) : HERE}\n`;
        return child ? line + draw(child.id, `${indent}${last ? '    ' : '│   '}`) : line;
      })
      .join('');
  return draw(null, '');
}

function labelOf({ name, power, kind, progress }: SnapshotView): string {
  const marks = [power === 'running' ? 'running' : '', kind === 'manual' ? '' : kind, progress === 'saving' ? progress : ''];
  const shown = marks.filter(Boolean).join(', ');
  return shown ? `${name} [${shown}]` : name;
} // prettier-ignore
