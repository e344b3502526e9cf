import type { MenuEntry } from '../../ui/menu/menu.js';
import { separator } from '../../ui/menu/menu.js';
import type { MessageKey } from '../i18n/en.js';
import type { Translate } from '../i18n/use-text.js';
import type { Action } from './action.js';
import type { Actions } from './use-actions.js';

/** The shortcut to show: none where a browser keeps the chord for itself. */
export function shownKeys(action: Action): string | undefined {
  return action.desktopOnlyKeys && !window.desktop ? undefined : action.keys;
}

export function actionEntry(action: Action, t: Translate): MenuEntry {
  const keys = shownKeys(action);
  return {
    kind: 'item',
    label: t(action.label),
    disabled: !action.enabled(),
    run: action.run,
    ...(action.icon ? { icon: action.icon } : {}),
    ...(keys ? { keys } : {}),
    ...(action.checked ? { checked: action.checked() } : {}),
  };
}

/** Entries for action ids; `-` separates. Ids of actions that do not exist here are left out. */
export function actionEntries(ids: readonly string[], actions: Actions, t: Translate): MenuEntry[] {
  return ids.flatMap((id) => {
    if (id === '-') return [separator];
    const action = actions.get(id);
    return action ? [actionEntry(action, t)] : [];
  });
}

export const MAIN_MENUS: readonly { readonly label: MessageKey; readonly ids: readonly string[] }[] = [
  { label: 'menu.file', ids: ['new', 'open', 'import', 'export', '-', 'close-tab', '-', 'preferences'] },
  { label: 'menu.edit', ids: ['rename', 'delete', '-', 'copy-text', 'type-clipboard', '-', 'filter', 'search'] },
  {
    label: 'menu.machine',
    ids: [
      'start',
      'start-disposable',
      'pause',
      'resume',
      'suspend',
      'shut-down',
      'reset',
      'power-off',
      'discard-state',
      '-',
      'take-snapshot',
      'revert',
      'clone',
      '-',
      'ctrl-alt-del',
      'screenshot',
      '-',
      'machine-settings',
      'machine-log',
    ],
  },
  {
    label: 'menu.view',
    ids: [
      'view-console',
      'view-summary',
      'view-snapshots',
      'view-monitor',
      '-',
      'full-screen',
      'scale-fit',
      'scale-original',
      'scale-integer',
      '-',
      'theme-system',
      'theme-dark',
      'theme-light',
    ],
  },
  { label: 'menu.window', ids: ['home', 'next-tab', 'previous-tab', '-', 'next-pane', 'previous-pane'] },
  { label: 'menu.help', ids: ['keyboard', 'about'] },
];
