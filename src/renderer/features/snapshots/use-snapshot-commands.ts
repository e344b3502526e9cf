import type { MachineView } from '../../../shared/contract/machine-view.js';
import type { SnapshotView } from '../../../shared/contract/snapshot-view.js';
import { useText } from '../../app/i18n/use-text.js';
import { useClient } from '../../client/client-context.js';
import { useDialogsStore, type ConfirmChoice } from '../../stores/dialogs.js';
import { useNoticesStore } from '../../stores/notices.js';
import { useSnapshotsStore } from '../../stores/snapshots.js';
import { descendantsOf } from './snapshot-rows.js';

/** What a person does with snapshots: asks where something can be lost, and shows what went wrong. */
export interface SnapshotCommands {
  /** Opens the dialog for a name and notes. */
  take(machine: MachineView): void;
  /** @param keepPresent takes a snapshot of the present first; without it, asks */
  revert(machine: MachineView, snapshot: SnapshotView, keepPresent: boolean): Promise<void>;
  /** To the snapshot the present builds on. */
  revertToLast(machine: MachineView): Promise<void>;
  remove(machine: MachineView, snapshot: SnapshotView): Promise<void>;
  edit(machine: MachineView, snapshot: SnapshotView, patch: { name?: string; notes?: string }): Promise<boolean>;
  clone(machine: MachineView, snapshot: SnapshotView | null): void;
  compare(machine: MachineView, snapshot: SnapshotView | null): void;
  tidy(machine: MachineView): Promise<void>;
}

export function useSnapshotCommands(): SnapshotCommands {
  const client = useClient();
  const dialogs = useDialogsStore();
  const notices = useNoticesStore();
  const snapshots = useSnapshotsStore();
  const { t, plural } = useText();

  async function revert(machine: MachineView, { id: snapshotId, name }: SnapshotView, keep: boolean): Promise<void> {
    const { id } = machine.config;
    const choice = keep ? 'keep' : await askRevert(name);
    if (choice === null) return;
    await notices.attempt(async () => {
      if (choice === 'keep') await client.request('snapshot.take', { id, name: t('snapshots.beforeRevert', { name }).slice(0, 80) });
      await client.request('snapshot.revert', { id, snapshotId });
      notices.say(t('snapshots.reverted', { name }));
    }, id);
  } // prettier-ignore

  function askRevert(name: string): Promise<string | null> {
    return dialogs.confirm(t('snapshots.revertTitle', { name }), t('snapshots.revertText'), [
      { id: 'revert', label: t('snapshots.revert'), tone: 'danger' },
      { id: 'keep', label: t('snapshots.keepAndRevert'), tone: 'primary' },
    ]);
  }

  async function revertToLast(machine: MachineView): Promise<void> {
    const { id } = machine.config;
    await notices.attempt(() => snapshots.load(id), id);
    const tree = snapshots.trees.get(id);
    const last = tree?.snapshots.find((snapshot) => snapshot.id === tree.currentId);
    if (last) await revert(machine, last, false);
  }

  async function remove(machine: MachineView, snapshot: SnapshotView): Promise<void> {
    const { id } = machine.config;
    const tree = snapshots.trees.get(id);
    const below = tree ? descendantsOf(tree, snapshot.id) : [];
    const all: ConfirmChoice[] =
      below.length > 0 ? [{ id: 'all', label: plural('snapshots.deleteBelow', below.length + 1), tone: 'danger' }] : [];
    const choice = await dialogs.confirm(
      t('snapshots.deleteTitle', { name: snapshot.name }),
      t(below.length > 0 ? 'snapshots.deleteBranchText' : 'snapshots.deleteText'),
      [...all, { id: 'one', label: t('snapshots.deleteOne'), tone: below.length > 0 ? 'plain' : 'danger' }],
    );
    if (choice === null) return;
    const request = { id, snapshotId: snapshot.id, descendants: choice === 'all' };
    await notices.attempt(() => client.request('snapshot.delete', request), id);
  }

  function edit(machine: MachineView, snapshot: SnapshotView, patch: { name?: string; notes?: string }) {
    const { id } = machine.config;
    return notices.attempt(() => client.request('snapshot.edit', { id, snapshotId: snapshot.id, ...patch }), id);
  }

  return {
    take: (machine) => dialogs.open({ kind: 'take-snapshot', machineId: machine.config.id }),
    revert,
    revertToLast,
    remove,
    edit,
    clone: (machine, snapshot) =>
      dialogs.open({ kind: 'clone', machineId: machine.config.id, snapshotId: snapshot?.id ?? null }),
    compare: (machine, snapshot) =>
      dialogs.open({ kind: 'compare', machineId: machine.config.id, snapshotId: snapshot?.id ?? null }),
    tidy: async ({ config: { id } }) => void (await notices.attempt(() => client.request('snapshot.tidy', { id }), id)),
  };
}
