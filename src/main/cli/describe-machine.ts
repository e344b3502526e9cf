import type { MachineView } from '../../shared/contract/machine-view.js';
import { table } from './terminal.js';

const GIB = 2 ** 30;
const MIB = 2 ** 20;

export function bytes(count: number): string {
  return count >= GIB ? `${(count / GIB).toFixed(1)} GiB` : `${(count / MIB).toFixed(1)} MiB`;
}

/** A machine as lines of a terminal. */
export function describeMachine(machine: MachineView): string {
  const { config, state, problem, engine, drives } = machine;
  const rows = [
    ['Name', config.name],
    ['State', problem ? `${state}: ${problem.message}` : state],
    ['Id', config.id],
    ['Folder', machine.path],
    ['System', config.guestOs],
    ['Memory', `${config.memoryMiB} MiB`],
    ['Firmware', config.firmware.kind],
    ['Boot order', config.bootOrder.join(', ')],
    ['Engine', engine ? `${engine.engine} (${engine.reason})` : config.engine],
    ...(config.kernel ? [['Kernel', `${config.kernel.path} ${config.kernel.commandLine}`.trim()]] : []),
    ...drives.map((drive) => [
      `Drive ${drive.id}`,
      drive.mediumPath === null
        ? `${drive.kind}, empty`
        : `${drive.kind}, ${drive.mediumPath}${drive.sizeBytes === null ? ' (missing)' : `, ${bytes(drive.sizeBytes)}`}`,
    ]),
    ...(config.systemMap === null ? [] : [['System.map', config.systemMap]]),
    ...(config.notes ? [['Notes', config.notes]] : []),
  ];
  return table(rows);
}
