import type { MediaView } from '../../shared/contract/host-view.js';
import { useClient } from '../client/client-context.js';
import { useDialogsStore, type MediaKind } from '../stores/dialogs.js';

/** Asks for a file of the host: the native dialog in the desktop window, a listing of the host's folders in a browser. */
export function useMediaPicker(): (kinds: readonly MediaKind[]) => Promise<MediaView | null> {
  const client = useClient();
  const dialogs = useDialogsStore();
  return async (kinds) => {
    if (!window.desktop) return dialogs.chooseMedia(kinds);
    const { media } = await client.request('media.choose', { kinds: [...kinds] });
    return media;
  };
}
