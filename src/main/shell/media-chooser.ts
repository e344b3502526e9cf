import { dialog, type BrowserWindow, type FileFilter, type OpenDialogOptions } from 'electron';

export type ChoosableKind = 'iso' | 'disk' | 'floppy' | 'kernel' | 'initrd' | 'firmware' | 'system-map' | 'machine';

const FILTERS: Readonly<Record<ChoosableKind, FileFilter>> = {
  'iso': { name: 'CD and DVD images', extensions: ['iso'] },
  'disk': { name: 'Disk images', extensions: ['img', 'raw', 'qcow2', 'vmdk', 'vhd', 'vhdx', 'vdi'] },
  'floppy': { name: 'Floppy images', extensions: ['img', 'ima', 'flp', 'vfd'] },
  'kernel': { name: 'Kernels', extensions: ['*'] },
  'initrd': { name: 'Initial RAM disks', extensions: ['*'] },
  'firmware': { name: 'PC BIOS images', extensions: ['bin', 'rom', 'fd'] },
  'system-map': { name: 'System.map', extensions: ['*'] },
  'machine': {
    name: 'Virtual machines',
    extensions: ['ova', 'ovf', 'vmx', 'vbox', 'vmdk', 'vdi', 'vhd', 'vhdx', 'qcow2'],
  },
};

/** Native dialog for one file. @returns its path, or `undefined` if the person cancels */
export async function chooseMedia(
  window: BrowserWindow | undefined,
  kinds: readonly ChoosableKind[],
): Promise<string | undefined> {
  const filters = kinds.map((kind) => FILTERS[kind]);
  const options: OpenDialogOptions = {
    properties: ['openFile', 'dontAddToRecent'],
    filters: [...filters, { name: 'All files', extensions: ['*'] }],
  };
  const answer = window ? await dialog.showOpenDialog(window, options) : await dialog.showOpenDialog(options);
  return answer.canceled ? undefined : answer.filePaths[0];
}
