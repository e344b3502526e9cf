import type { MachineView, DriveView } from '../../shared/contract/machine-view.js';
import { useLibraryStore } from '../stores/library.js';
import { useNoticesStore } from '../stores/notices.js';
import { useMachineCommands } from './use-machine-commands.js';
import { useMediaPicker } from './use-media-picker.js';

export interface MachineMedia {
  /** Asks for an image and puts it into a CD or floppy drive; answers whether it did. */
  insert(machine: MachineView, drive: DriveView): Promise<boolean>;
  /** Asks for a disc, puts it into the first CD drive and starts from it. */
  startFromCd(machine: MachineView): Promise<void>;
}

export function useMachineMedia(): MachineMedia {
  const library = useLibraryStore();
  const notices = useNoticesStore();
  const commands = useMachineCommands();
  const pick = useMediaPicker();

  async function insert(machine: MachineView, drive: DriveView): Promise<boolean> {
    let inserted = false;
    await notices.attempt(async () => {
      const medium = await pick([drive.kind === 'floppy' ? 'floppy' : 'iso']);
      if (!medium) return;
      await commands.setMedium(machine, drive.id, medium.id);
      inserted = true;
    }, machine.config.id);
    return inserted;
  }

  async function startFromCd(machine: MachineView): Promise<void> {
    const drive = machine.drives.find((view) => view.kind === 'cdrom');
    if (!drive || !(await insert(machine, drive))) return;
    const { id, bootOrder } = machine.config;
    if (bootOrder[0] !== 'cdrom') {
      const others = bootOrder.filter((device) => device !== 'cdrom');
      await notices.attempt(() => library.edit(id, { bootOrder: ['cdrom', ...others] }), id);
    }
    await commands.power(machine, 'start');
  }

  return { insert, startFromCd };
}
