import type { MachineView } from '../../../shared/contract/machine-view.js';
import type { VmCall } from '../../../shared/vm-process/protocol.js';
import type { Machines } from '../machines.js';
import type { MediaCatalogue } from '../media/media-catalogue.js';
import type { PowerCycle } from '../snapshots/power-cycle.js';
import type { Handlers } from './handlers.js';

type MachineCommand =
  | 'machine.start'
  | 'machine.pause'
  | 'machine.resume'
  | 'machine.reset'
  | 'machine.shutdown'
  | 'machine.powerOff'
  | 'machine.setMedium'
  | 'machine.input'
  | 'machine.type'
  | 'machine.screenshot'
  | 'machine.screenText'
  | 'machine.thumbnail'
  | 'machine.stats'
  | 'machine.log'
  | 'machine.watch'
  | 'channel.open'
  | 'channel.close';

/** Commands about the power, the media and the face of one machine. */
export function machineCommands(
  machines: Machines,
  media: MediaCatalogue,
  power: PowerCycle,
): Handlers<MachineCommand> {
  const press = async (id: string, call: VmCall): Promise<MachineView> => {
    await machines.powered(id).call(call);
    return machines.view(id);
  };
  return {
    'machine.start': async ({ id, disposable }) => {
      await power.start(id, disposable);
      return machines.view(id);
    },
    'machine.pause': ({ id }) => press(id, { name: 'pause' }),
    'machine.resume': async ({ id }) => {
      if (machines.liveRun(id)) return press(id, { name: 'resume' });
      await power.start(id, false);
      return machines.view(id);
    },
    'machine.reset': ({ id }) => press(id, { name: 'reset' }),
    'machine.shutdown': ({ id }) => press(id, { name: 'press-power-button' }),
    'machine.powerOff': async ({ id }) => {
      await machines.powerOff(id);
      return machines.view(id);
    },
    'machine.setMedium': async ({ id, driveId, mediaId, force }) => {
      await machines.setMedium(id, driveId, mediaId === null ? null : media.pathOf(mediaId), force);
      return machines.view(id);
    },
    'machine.input': async ({ id, events }) => {
      machines.powered(id).tell({ type: 'input', events });
      return {};
    },
    'machine.type': ({ id, text }) => machines.powered(id).call({ name: 'type', text }),
    'machine.screenshot': ({ id }) => machines.powered(id).call({ name: 'screenshot' }),
    'machine.screenText': ({ id }) => machines.powered(id).call({ name: 'screen-text' }),
    'machine.thumbnail': ({ id }) => machines.thumbnail(id),
    'machine.stats': ({ id }) => machines.stats(id),
    'machine.log': async ({ id, lines }) => ({ lines: await machines.log(id, lines) }),
    'machine.watch': async ({ id, watching }) => {
      machines.watch(id, watching);
      return {};
    },
    'channel.open': async ({ id, kind }, { channels }) => ({ channel: await channels.open(id, kind) }),
    'channel.close': async ({ channel }, { channels }) => {
      channels.close(channel);
      return {};
    },
  };
}
