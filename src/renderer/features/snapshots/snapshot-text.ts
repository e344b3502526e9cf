import type { SnapshotView } from '../../../shared/contract/snapshot-view.js';
import type { MessageKey } from '../../app/i18n/en.js';

/** What kind of point a snapshot is, in words. */
export function kindLabel(snapshot: SnapshotView): MessageKey {
  if (snapshot.kind === 'automatic') return 'snapshots.automatic';
  if (snapshot.kind === 'before-risk') return 'snapshots.beforeRisk';
  return snapshot.power === 'running' ? 'snapshots.live' : 'snapshots.stopped';
}

/** Bytes on the host of one snapshot. */
export function snapshotBytes(snapshot: SnapshotView): number {
  return snapshot.diskBytes + snapshot.stateBytes;
}
