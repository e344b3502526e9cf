import { onBeforeUnmount } from 'vue';
import { useEventListener } from '@vueuse/core';
import { useDialogsStore } from '../../stores/dialogs.js';
import { useLibraryStore } from '../../stores/library.js';
import { useText } from '../i18n/use-text.js';

/** Closing the desktop window asks what happens to machines that are on. */
export function useCloseRequest(): void {
  const dialogs = useDialogsStore();
  const library = useLibraryStore();
  const { t, plural, formats } = useText();
  const { desktop } = window;
  if (!desktop) return;
  let asking = false;

  async function ask(): Promise<void> {
    if (asking) return;
    asking = true;
    const names = formats.value.list(library.machinesOn.map((machine) => machine.config.name));
    const choice = await dialogs.confirm(
      t('dialog.quitTitle'),
      plural('dialog.quitText', library.machinesOn.length, { names }),
      [
        { id: 'power-off', label: t('dialog.quitPowerOff'), tone: 'danger' },
        { id: 'suspend', label: t('dialog.quitSuspend'), tone: 'plain' },
        { id: 'background', label: t('dialog.quitBackground'), tone: 'primary' },
      ],
    );
    asking = false;
    window.desktop?.answerClose(
      choice === 'power-off' || choice === 'background' || choice === 'suspend' ? choice : 'cancel',
    );
  }

  onBeforeUnmount(desktop.onCloseRequested(() => void ask()));
  // Files dropped outside of a drop zone must not replace the page.
  useEventListener(window, 'dragover', (event) => event.preventDefault());
}
