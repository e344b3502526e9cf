import { onMounted, ref, shallowRef, watch, type Ref, type ShallowRef } from 'vue';
import type { DiskView, WritableFormat } from '../../../shared/contract/disk-commands.js';
import { useText } from '../../app/i18n/use-text.js';
import { useClient } from '../../client/client-context.js';
import { errorSentence, toWireError } from '../../composables/errors.js';
import { useDialogsStore } from '../../stores/dialogs.js';
import { useLibraryStore } from '../../stores/library.js';

/** Work on the disks of a machine that is off; it is done at once, not when settings are saved. */
export interface DiskTools {
  /** By drive id. */
  readonly disks: Readonly<ShallowRef<ReadonlyMap<string, DiskView>>>;
  /** How the last piece of work ended, in a sentence. */
  readonly outcome: Readonly<Ref<{ readonly text: string; readonly bad: boolean } | null>>;
  readonly busy: Readonly<Ref<boolean>>;
  compact(driveId: string): Promise<void>;
  convert(driveId: string, format: WritableFormat): Promise<void>;
  check(driveId: string, repair: boolean): Promise<void>;
  /** Asks, then deletes the disk with its file. */
  remove(driveId: string, name: string, file: string): Promise<void>;
}

export function useDiskTools(machineId: string): DiskTools {
  const client = useClient();
  const dialogs = useDialogsStore();
  const library = useLibraryStore();
  const { t, plural, formats, locale } = useText();
  const disks = shallowRef<ReadonlyMap<string, DiskView>>(new Map());
  const outcome = ref<{ text: string; bad: boolean } | null>(null);
  const busy = ref(false);

  async function load(): Promise<void> {
    try {
      const list = await client.request('disk.list', { id: machineId });
      disks.value = new Map(list.disks.map((disk) => [disk.driveId, disk]));
    } catch {
      // Sizes and formats are not told then; the drives are listed all the same.
      disks.value = new Map();
    }
  }
  onMounted(load);
  watch(() => library.machines.get(machineId)?.drives, load);

  async function run(work: () => Promise<{ text: string; bad: boolean } | null>): Promise<void> {
    busy.value = true;
    outcome.value = null;
    try {
      outcome.value = await work();
    } catch (error) {
      const wire = toWireError(error);
      if (wire.code !== 'cancelled') outcome.value = { text: errorSentence(wire, locale.value, t), bad: true };
    } finally {
      busy.value = false;
      await load();
    }
  }

  const compact = (driveId: string) =>
    run(async () => {
      const { beforeBytes, afterBytes } = await client.request('disk.compact', { id: machineId, driveId });
      const { bytes } = formats.value;
      return { text: t('settings.compacted', { before: bytes(beforeBytes), after: bytes(afterBytes) }), bad: false };
    });

  const convert = (driveId: string, format: WritableFormat) =>
    run(async () => {
      await client.request('disk.convert', { id: machineId, driveId, format });
      return { text: t('settings.converted', { format }), bad: false };
    });

  const check = (driveId: string, repair: boolean) =>
    run(async () => {
      const found = await client.request('disk.check', { id: machineId, driveId, repair });
      const leak = found.leaks > 0 ? plural('settings.checkLeaks', found.leaks) : '';
      const problems = [...found.problems, ...(leak ? [leak] : [])].join(' ');
      if (problems === '') return { text: t('settings.checkClean'), bad: false };
      if (found.repaired) return { text: t('settings.checkRepaired', { problems }), bad: false };
      return { text: plural('settings.checkProblems', found.problems.length + (leak ? 1 : 0), { problems }), bad: true };
    }); // prettier-ignore

  async function remove(driveId: string, name: string, file: string): Promise<void> {
    const choice = await dialogs.confirm(
      t('settings.deleteDiskTitle', { name }),
      t('settings.deleteDiskText', { file }),
      [{ id: 'delete', label: t('dialog.deleteButton'), tone: 'danger' }],
    );
    if (choice !== 'delete') return;
    await run(async () => {
      await client.request('disk.remove', { id: machineId, driveId, deleteFile: true });
      return null;
    });
  }

  return { disks, outcome, busy, compact, convert, check, remove };
}
