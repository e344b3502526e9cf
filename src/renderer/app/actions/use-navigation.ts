import { useRoute, useRouter } from 'vue-router';
import { useText } from '../i18n/use-text.js';
import { useMachineCommands } from '../../composables/use-machine-commands.js';
import { isOn } from '../../composables/power.js';
import { useDialogsStore } from '../../stores/dialogs.js';
import { useLibraryStore } from '../../stores/library.js';
import { useTabsStore, type MachineViewName } from '../../stores/tabs.js';

export interface Navigation {
  home(): void;
  openMachine(machineId: string, view?: MachineViewName): void;
  /** Asks what to do with a machine that is on. */
  closeTab(machineId: string): Promise<void>;
  /** Home is the first tab. */
  stepTab(step: -1 | 1): void;
}

export function useNavigation(): Navigation {
  const router = useRouter();
  const route = useRoute();
  const tabs = useTabsStore();
  const library = useLibraryStore();
  const dialogs = useDialogsStore();
  const commands = useMachineCommands();
  const { t } = useText();

  const home = () => void router.push('/');

  function openMachine(machineId: string, view?: MachineViewName): void {
    tabs.add(machineId);
    if (view) tabs.choose(machineId, view);
    void router.push(`/machine/${machineId}`);
  }

  async function mayClose(machineId: string): Promise<boolean> {
    const machine = library.machines.get(machineId);
    if (!machine || !isOn(machine.state)) return true;
    const choice = await dialogs.confirm(
      t('dialog.closeTabTitle', { name: machine.config.name }),
      t('dialog.closeTabText'),
      [
        { id: 'off', label: t('dialog.powerOff'), tone: 'danger' },
        ...(machine.state === 'running' ? [{ id: 'down', label: t('dialog.shutDown'), tone: 'plain' as const }] : []),
        { id: 'keep', label: t('dialog.keepRunning'), tone: 'primary' },
      ],
    );
    if (choice === 'off') return commands.power(machine, 'powerOff');
    if (choice === 'down') return commands.power(machine, 'shutdown');
    return choice === 'keep';
  }

  async function closeTab(machineId: string): Promise<void> {
    if (!(await mayClose(machineId))) return;
    const neighbour = tabs.close(machineId);
    if (route.params['id'] === machineId) void router.push(neighbour === null ? '/' : `/machine/${neighbour}`);
  }

  function stepTab(step: -1 | 1): void {
    const places = [null, ...tabs.open];
    const current = route.params['id'];
    const at = places.indexOf(typeof current === 'string' ? current : null);
    const next = places[(at + step + places.length) % places.length];
    if (next) openMachine(next);
    else home();
  }

  return { home, openMachine, closeTab, stepTab };
}
