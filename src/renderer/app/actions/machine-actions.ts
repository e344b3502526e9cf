import {
  Camera,
  ClipboardPaste,
  CopyPlus,
  Copy,
  Disc,
  Eraser,
  FileText,
  FlaskConical,
  ImageDown,
  Keyboard,
  Moon,
  PackageOpen,
  Pause,
  Pencil,
  Play,
  Power,
  PowerOff,
  RefreshCw,
  RotateCcw,
  SlidersHorizontal,
  Trash2,
} from '@lucide/vue';
import { CTRL_ALT_DEL } from '../../features/console/key-chords.js';
import { allows, isLive, isOn } from '../../composables/power.js';
import { useCurrentMachine } from '../../composables/use-current-machine.js';
import { useMachineCommands } from '../../composables/use-machine-commands.js';
import { useSnapshotCommands } from '../../features/snapshots/use-snapshot-commands.js';
import { useMachineMedia } from '../../composables/use-machine-media.js';
import { SETTLED } from '../../../shared/contract/legal-states.js';
import type { MachineView } from '../../../shared/contract/machine-view.js';
import { useDialogsStore } from '../../stores/dialogs.js';
import { useShellStore } from '../../stores/shell.js';
import type { Action } from './action.js';
import { useNavigation } from './use-navigation.js';

/** Actions on the machine whose tab is shown. */
export function createMachineActions(): Action[] {
  const current = useCurrentMachine();
  const commands = useMachineCommands();
  const snapshots = useSnapshotCommands();
  const media = useMachineMedia();
  const dialogs = useDialogsStore();
  const shell = useShellStore();
  const navigation = useNavigation();

  const when = (test: (machine: MachineView) => boolean) => () => current.value !== null && test(current.value);
  const on = (work: (machine: MachineView) => unknown) => () => {
    if (current.value) void work(current.value);
  };
  const running = when((m) => m.state === 'running');
  const settled = when((m) => (SETTLED as readonly string[]).includes(m.state));
  const live = when((m) => isLive(m.state));

  async function remove(machine: MachineView): Promise<void> {
    if (await commands.remove(machine)) await navigation.closeTab(machine.config.id);
  }

  return [
    { id: 'start', label: 'action.start', icon: Play, keys: 'Ctrl+Enter', enabled: when((m) => allows(m.state, 'start')), run: on((m) => commands.power(m, 'start')) },
    { id: 'start-from-cd', label: 'action.startFromCd', icon: Disc, enabled: when((m) => allows(m.state, 'start') && m.drives.some((drive) => drive.kind === 'cdrom')), run: on((m) => media.startFromCd(m)) },
    { id: 'start-disposable', label: 'action.startDisposable', icon: FlaskConical, enabled: when((m) => m.state === 'stopped' || m.state === 'crashed'), run: on(commands.startDisposable) },
    { id: 'pause', label: 'action.pause', icon: Pause, enabled: running, run: on((m) => commands.power(m, 'pause')) },
    { id: 'resume', label: 'action.resume', icon: Play, enabled: when((m) => m.state === 'paused'), run: on((m) => commands.power(m, 'resume')) },
    { id: 'suspend', label: 'action.suspend', icon: Moon, enabled: live, run: on((m) => commands.power(m, 'suspend')) },
    { id: 'discard-state', label: 'action.discardState', icon: Eraser, enabled: when((m) => m.state === 'suspended'), run: on(commands.discardState) },
    { id: 'shut-down', label: 'action.shutDown', icon: Power, enabled: running, run: on((m) => commands.power(m, 'shutdown')) },
    { id: 'reset', label: 'action.reset', icon: RefreshCw, enabled: live, run: on(commands.reset) },
    { id: 'power-off', label: 'action.powerOff', icon: PowerOff, enabled: when((m) => isOn(m.state)), run: on(commands.powerOff) },
    { id: 'ctrl-alt-del', label: 'action.sendCtrlAltDel', icon: Keyboard, keys: 'Ctrl+Alt+Ins', enabled: running, run: on((m) => commands.sendChord(m, CTRL_ALT_DEL)) },
    { id: 'type-clipboard', label: 'action.typeClipboard', icon: ClipboardPaste, keys: 'Ctrl+Shift+V', enabled: running, run: on(commands.typeClipboard) },
    { id: 'take-snapshot', label: 'action.takeSnapshot', icon: Camera, keys: 'Ctrl+Shift+S', enabled: settled, run: on(snapshots.take) },
    { id: 'revert', label: 'action.revertToLast', icon: RotateCcw, keys: 'Ctrl+Shift+R', enabled: when((m) => m.snapshots.currentId !== null), run: on(snapshots.revertToLast) },
    { id: 'clone', label: 'action.clone', icon: CopyPlus, enabled: settled, run: on((m) => snapshots.clone(m, null)) },
    { id: 'export', label: 'action.export', icon: PackageOpen, enabled: when((m) => m.state === 'stopped' || m.state === 'crashed'), run: on((m) => dialogs.open({ kind: 'export', machineId: m.config.id })) },
    { id: 'screenshot', label: 'action.screenshot', icon: ImageDown, enabled: live, run: on(commands.screenshot) },
    { id: 'copy-text', label: 'action.copyScreenText', icon: Copy, enabled: live, run: on(commands.copyScreenText) },
    { id: 'rename', label: 'action.rename', icon: Pencil, keys: 'F2', enabled: when(() => true), run: on((m) => (shell.renaming = m.config.id)) },
    { id: 'delete', label: 'action.delete', icon: Trash2, enabled: when((m) => !isOn(m.state)), run: on(remove) },
    { id: 'machine-settings', label: 'action.machineSettings', icon: SlidersHorizontal, enabled: when(() => true), run: on((m) => dialogs.open({ kind: 'machine-settings', machineId: m.config.id, section: 'general' })) },
    { id: 'machine-log', label: 'action.machineLog', icon: FileText, enabled: when(() => true), run: on((m) => dialogs.open({ kind: 'log', machineId: m.config.id })) },
    { id: 'show-folder', label: 'action.showFolder', enabled: when(() => window.desktop !== undefined), run: on((m) => window.desktop?.showMachineFolder(m.config.id)) },
  ]; // prettier-ignore
}
