import { AnnexError } from '../../shared/contract/errors.js';
import type { SnapshotTreeView, SnapshotView } from '../../shared/contract/snapshot-view.js';
import { UsageError } from './usage-error.js';

/** The snapshot somebody means by its name or the start of its id. @throws AnnexError `snapshot-not-found`; UsageError if several have the name */
export function findSnapshot({ snapshots }: SnapshotTreeView, wanted: string): SnapshotView {
  const lower = wanted.toLowerCase();
  const named = snapshots.filter(({ name }) => name.toLowerCase() === lower);
  const found = named.length > 0 ? named : snapshots.filter(({ id }) => wanted.length >= 4 && id.startsWith(lower));
  if (found.length > 1) throw new UsageError(`"${wanted}" is several snapshots. Name one by its id: ${found.map(({ id }) => id).join(', ')}.`); // prettier-ignore
  if (found[0]) return found[0];
  throw new AnnexError(
    'snapshot-not-found',
    `There is no snapshot "${wanted}". "annex snapshot list" shows what there is.`,
    { name: wanted },
  );
}
