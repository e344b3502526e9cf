import { useEventListener } from '@vueuse/core';
import { useDialogsStore } from '../../stores/dialogs.js';
import { useShellStore } from '../../stores/shell.js';
import { useMenu } from '../../ui/menu/use-menu.js';
import { belongsToField, chordName } from './shortcut.js';
import type { Actions } from './use-actions.js';

/** Runs actions by their chords, unless a dialog, a menu or a text field has the keyboard. */
export function useShortcuts(actions: Actions): void {
  const dialogs = useDialogsStore();
  const menu = useMenu();
  const shell = useShellStore();
  const byChord = new Map([...actions.values()].flatMap((action) => (action.keys ? [[action.keys, action]] : [])));

  useEventListener(window, 'keydown', (event) => {
    if (event.defaultPrevented || event.isComposing) return;
    if (dialogs.anyOpen || menu.current || shell.paletteOpen || belongsToField(event, event.target)) return;
    const action = byChord.get(chordName(event));
    if (!action?.enabled()) return;
    event.preventDefault();
    action.run();
  });
}
