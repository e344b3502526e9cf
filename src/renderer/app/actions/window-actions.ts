import {
  Activity,
  FolderOpen,
  GitBranch,
  House,
  Info,
  Keyboard,
  Maximize,
  Monitor,
  PackagePlus,
  Plus,
  Search,
  Settings as Gear,
  SlidersHorizontal,
  X,
} from '@lucide/vue';
import { useCurrentMachine } from '../../composables/use-current-machine.js';
import { focusPane } from '../../composables/panes.js';
import { useMachineImport } from '../../composables/use-machine-import.js';
import { isOn } from '../../composables/power.js';
import { useDialogsStore } from '../../stores/dialogs.js';
import { useSettingsStore } from '../../stores/settings.js';
import type { Settings } from '../../stores/settings-schema.js';
import { useShellStore } from '../../stores/shell.js';
import { useTabsStore, type MachineViewName } from '../../stores/tabs.js';
import type { MessageKey } from '../i18n/en.js';
import type { Action } from './action.js';
import { useNavigation } from './use-navigation.js';

export const FILTER_ID = 'library-filter';

/** Actions of the window itself: creating, views, appearance, navigation, help. */
export function createWindowActions(): Action[] {
  const current = useCurrentMachine();
  const dialogs = useDialogsStore();
  const settings = useSettingsStore();
  const shell = useShellStore();
  const tabs = useTabsStore();
  const navigation = useNavigation();
  const importMachine = useMachineImport();
  const always = () => true;
  const onMachine = () => current.value !== null;

  function view(name: MachineViewName): void {
    if (current.value) tabs.choose(current.value.config.id, name);
  }
  const showsView = (name: MachineViewName) => () =>
    current.value !== null && tabs.viewOf(current.value.config.id) === name;

  /** One choice of a setting, as an action with a mark. */
  function choice<K extends keyof Settings>(id: string, label: MessageKey, key: K, value: Settings[K]): Action {
    return {
      id,
      label,
      enabled: always,
      checked: () => settings.values[key] === value,
      run: () => void settings.set({ [key]: value } as Partial<Settings>),
    };
  }

  return [
    { id: 'new', label: 'action.newMachine', icon: Plus, keys: 'Ctrl+N', desktopOnlyKeys: true, enabled: always, run: () => dialogs.open({ kind: 'wizard', start: { kind: 'empty' } }) },
    { id: 'open', label: 'action.openImage', icon: FolderOpen, keys: 'Ctrl+O', enabled: always, run: () => dialogs.open({ kind: 'wizard', start: { kind: 'choose' } }) },
    { id: 'import', label: 'action.import', icon: PackagePlus, enabled: always, run: () => void importMachine() },
    { id: 'close-tab', label: 'action.closeTab', icon: X, keys: 'Ctrl+W', desktopOnlyKeys: true, enabled: onMachine, run: () => void (current.value && navigation.closeTab(current.value.config.id)) },
    { id: 'preferences', label: 'action.appSettings', icon: Gear, keys: 'Ctrl+,', enabled: always, run: () => dialogs.open({ kind: 'preferences' }) },
    { id: 'search', label: 'action.search', icon: Search, keys: 'Ctrl+K', enabled: always, run: () => (shell.paletteOpen = true) },
    { id: 'filter', label: 'action.filter', keys: '/', enabled: always, run: () => document.getElementById(FILTER_ID)?.focus() },
    { id: 'view-console', label: 'action.console', icon: Monitor, keys: 'Ctrl+1', enabled: onMachine, checked: showsView('console'), run: () => view('console') },
    { id: 'view-summary', label: 'action.summary', icon: SlidersHorizontal, keys: 'Ctrl+2', enabled: onMachine, checked: showsView('summary'), run: () => view('summary') },
    { id: 'view-snapshots', label: 'action.snapshots', icon: GitBranch, keys: 'Ctrl+3', enabled: onMachine, checked: showsView('snapshots'), run: () => view('snapshots') },
    { id: 'view-monitor', label: 'action.monitor', icon: Activity, keys: 'Ctrl+4', enabled: onMachine, checked: showsView('monitor'), run: () => view('monitor') },
    { id: 'full-screen', label: 'action.fullScreen', icon: Maximize, keys: 'F11', enabled: () => current.value !== null && isOn(current.value.state), run: () => (shell.fullScreen = !shell.fullScreen) },
    choice('scale-fit', 'action.scaleFit', 'scaling', 'fit'),
    choice('scale-original', 'action.scaleOriginal', 'scaling', 'original'),
    choice('scale-integer', 'action.scaleInteger', 'scaling', 'integer'),
    choice('theme-system', 'action.themeSystem', 'theme', 'system'),
    choice('theme-dark', 'action.themeDark', 'theme', 'dark'),
    choice('theme-light', 'action.themeLight', 'theme', 'light'),
    { id: 'home', label: 'action.home', icon: House, enabled: always, run: navigation.home },
    { id: 'next-tab', label: 'action.nextTab', keys: 'Ctrl+Tab', desktopOnlyKeys: true, enabled: always, run: () => navigation.stepTab(1) },
    { id: 'previous-tab', label: 'action.previousTab', keys: 'Ctrl+Shift+Tab', desktopOnlyKeys: true, enabled: always, run: () => navigation.stepTab(-1) },
    { id: 'next-pane', label: 'action.nextPane', keys: 'F6', enabled: always, run: () => focusPane(1) },
    { id: 'previous-pane', label: 'action.previousPane', keys: 'Shift+F6', enabled: always, run: () => focusPane(-1) },
    { id: 'keyboard', label: 'action.keyboard', icon: Keyboard, enabled: always, run: () => dialogs.open({ kind: 'keyboard' }) },
    { id: 'about', label: 'action.about', icon: Info, enabled: always, run: () => dialogs.open({ kind: 'about' }) },
  ]; // prettier-ignore
}
