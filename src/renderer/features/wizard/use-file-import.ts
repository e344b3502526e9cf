import { computed, ref, shallowRef, type ComputedRef, type Ref } from 'vue';
import { useText } from '../../app/i18n/use-text.js';
import { useClient } from '../../client/client-context.js';
import { importFile, type FileImport, type ImportProgress } from '../../client/import-file.js';
import { errorSentence, toWireError } from '../../composables/errors.js';
import type { MediaView } from '../../../shared/contract/host-view.js';

/** A dropped file on its way to the host. */
export interface FileImportState {
  /** Name of the file while it is under way. */
  readonly name: Readonly<Ref<string | null>>;
  readonly progress: Readonly<Ref<ImportProgress | null>>;
  /** 0…1, null while the host looks at the file. */
  readonly fraction: ComputedRef<number | null>;
  readonly problem: Readonly<Ref<string>>;
  take(file: File): Promise<void>;
  cancel(): void;
}

export function useFileImport(onMedium: (medium: MediaView) => void): FileImportState {
  const client = useClient();
  const { t, locale } = useText();
  const name = ref<string | null>(null);
  const progress = shallowRef<ImportProgress | null>(null);
  const problem = ref('');
  let running: FileImport | undefined;

  async function take(file: File): Promise<void> {
    running?.cancel();
    name.value = file.name;
    progress.value = null;
    problem.value = '';
    const mine = importFile(client, file, (now) => (progress.value = now));
    running = mine;
    try {
      const medium = await mine.result;
      if (running === mine) onMedium(medium);
    } catch (error) {
      const wire = toWireError(error);
      if (running === mine && wire.code !== 'cancelled') problem.value = errorSentence(wire, locale.value, t);
    } finally {
      if (running === mine) {
        running = undefined;
        name.value = null;
      }
    }
  }

  function cancel(): void {
    running?.cancel();
    running = undefined;
    name.value = null;
  }

  const fraction = computed(() => {
    const now = progress.value;
    return now && now.doneBytes < now.totalBytes ? now.doneBytes / now.totalBytes : null;
  });
  return { name, progress, fraction, problem, take, cancel };
}
