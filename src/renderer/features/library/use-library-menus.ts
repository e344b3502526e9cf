import {
  ExternalLink,
  FolderInput,
  FolderPlus,
  Pencil,
  Play,
  Plus,
  Power,
  PowerOff,
  SlidersHorizontal,
  Trash2,
  FolderOpen,
} from '@lucide/vue';
import { useActions } from '../../app/actions/use-actions.js';
import { useNavigation } from '../../app/actions/use-navigation.js';
import { useText } from '../../app/i18n/use-text.js';
import type { MachineView } from '../../../shared/contract/machine-view.js';
import { allows, isOn } from '../../composables/power.js';
import { useMachineCommands } from '../../composables/use-machine-commands.js';
import { useDialogsStore } from '../../stores/dialogs.js';
import { useLibraryStore } from '../../stores/library.js';
import { useNoticesStore } from '../../stores/notices.js';
import { useShellStore } from '../../stores/shell.js';
import { useTabsStore } from '../../stores/tabs.js';
import { separator, type MenuEntry } from '../../ui/menu/menu.js';
import { useMenu } from '../../ui/menu/use-menu.js';
import { folderKey, type TreeRow } from './tree-rows.js';

export interface LibraryMenus {
  openFor(event: MouseEvent, row: TreeRow): void;
  openForEmpty(event: MouseEvent): void;
  removeMachine(machine: MachineView): Promise<void>;
  removeFolder(path: string): Promise<void>;
  /** The path of a folder beside `path` with another name. */
  siblingPath(path: string, name: string): string;
}

/** Context menus of the library tree. */
export function useLibraryMenus(): LibraryMenus {
  const { t } = useText();
  const actions = useActions();
  const menu = useMenu();
  const navigation = useNavigation();
  const commands = useMachineCommands();
  const dialogs = useDialogsStore();
  const library = useLibraryStore();
  const notices = useNoticesStore();
  const shell = useShellStore();
  const tabs = useTabsStore();

  function siblingPath(path: string, name: string): string {
    return [...path.split('/').slice(0, -1), name.replaceAll('/', ' ')].join('/');
  }

  async function addFolder(parent: string): Promise<void> {
    const base = `${parent === '' ? '' : `${parent}/`}${t('action.newFolder')}`;
    let path = base;
    for (let n = 2; library.folders.includes(path); n++) path = `${base} ${n}`;
    await notices.attempt(() => library.setFolders([...library.emptyFolders, path]));
    shell.renaming = folderKey(path);
  }

  async function removeMachine(machine: MachineView): Promise<void> {
    if ((await commands.remove(machine)) && tabs.open.includes(machine.config.id))
      await navigation.closeTab(machine.config.id);
  }

  /** The folder goes, its machines move up to no folder. */
  async function removeFolder(path: string): Promise<void> {
    const name = path.split('/').at(-1)!;
    const isEmpty = library.all.every((m) => m.config.folder !== path && !m.config.folder.startsWith(`${path}/`));
    if (!isEmpty) {
      const choices = [{ id: 'remove', label: t('library.deleteFolder'), tone: 'danger' as const }];
      const choice = await dialogs.confirm(t('dialog.deleteTitle', { name }), t('dialog.deleteFolderText'), choices);
      if (choice !== 'remove') return;
    }
    await notices.attempt(() => library.moveFolder(path, ''));
  }

  function moveEntries(machine: MachineView): MenuEntry[] {
    const { id, folder } = machine.config;
    const choice = (path: string, label: string): MenuEntry => ({
      kind: 'item',
      label,
      checked: folder === path,
      run: () => void notices.attempt(() => library.edit(id, { folder: path }), id),
    });
    if (library.folders.length === 0) return [];
    const choices = library.folders.map((path) => choice(path, path.replaceAll('/', ' › ')));
    return [separator, { kind: 'caption', label: t('action.moveTo') }, ...choices, choice('', t('action.noFolder'))];
  }

  function machineEntries(machine: MachineView): MenuEntry[] {
    const { id } = machine.config;
    const off = !isOn(machine.state);
    return [
      { kind: 'item', label: t('action.openMachine'), icon: ExternalLink, run: () => navigation.openMachine(id) },
      ...(off
        ? [{ kind: 'item', label: t('action.start'), icon: Play, run: () => void start(machine) } satisfies MenuEntry]
        : [
            { kind: 'item', label: t('action.shutDown'), icon: Power, disabled: !allows(machine.state, 'shutdown'), run: () => void commands.power(machine, 'shutdown') } satisfies MenuEntry,
            { kind: 'item', label: t('action.powerOff'), icon: PowerOff, run: () => void commands.powerOff(machine) } satisfies MenuEntry,
          ]),
      separator,
      { kind: 'item', label: t('action.machineSettings'), icon: SlidersHorizontal, run: () => dialogs.open({ kind: 'machine-settings', machineId: id, section: 'general' }) },
      { kind: 'item', label: t('action.rename'), icon: Pencil, keys: 'F2', run: () => (shell.renaming = id) },
      ...(window.desktop ? [{ kind: 'item', label: t('action.showFolder'), icon: FolderOpen, run: () => void window.desktop?.showMachineFolder(id) } satisfies MenuEntry] : []),
      { kind: 'item', label: t('action.delete'), icon: Trash2, keys: 'Del', danger: true, disabled: !off, run: () => void removeMachine(machine) },
      ...moveEntries(machine),
    ]; // prettier-ignore
  }

  async function start(machine: MachineView): Promise<void> {
    navigation.openMachine(machine.config.id);
    await commands.power(machine, 'start');
  }

  function folderEntries(path: string): MenuEntry[] {
    return [
      { kind: 'item', label: t('action.newFolder'), icon: FolderPlus, run: () => void addFolder(path) },
      { kind: 'item', label: t('library.renameFolder'), icon: FolderInput, keys: 'F2', run: () => (shell.renaming = folderKey(path)) },
      { kind: 'item', label: t('library.deleteFolder'), icon: Trash2, keys: 'Del', danger: true, run: () => void removeFolder(path) },
    ]; // prettier-ignore
  }

  function openFor(event: MouseEvent, row: TreeRow): void {
    if (row.kind === 'broken') return event.preventDefault();
    menu.openContext(event, row.kind === 'machine' ? machineEntries(row.machine) : folderEntries(row.path));
  }

  function openForEmpty(event: MouseEvent): void {
    menu.openContext(event, [
      { kind: 'item', label: t('action.newMachine'), icon: Plus, run: () => actions.get('new')?.run() },
      { kind: 'item', label: t('action.newFolder'), icon: FolderPlus, run: () => void addFolder('') },
    ]);
  }

  return { openFor, openForEmpty, removeMachine, removeFolder, siblingPath };
}
