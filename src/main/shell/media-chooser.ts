import { dialog, type BrowserWindow, type FileFilter } from 'electron';

export type ChoosableKind = 'iso' | 'disk' | 'floppy' | 'kernel' | 'initrd';

const FILTERS: Readonly<Record<ChoosableKind, FileFilter>> = {
  iso: { name: 'CD and DVD images', extensions: ['iso'] },
  disk: { name: 'Disk images', extensions: ['img', 'raw', 'qcow2', 'vmdk', 'vhd', 'vhdx', 'vdi'] },
  floppy: { name: 'Floppy images', extensions: ['img', 'ima', 'flp', 'vfd'] },
  kernel: { name: 'Kernels', extensions: ['*'] },
  initrd: { name: 'Initial RAM disks', extensions: ['*'] },
};

/** Native dialog for one file. @returns its path, or `undefined` if the person cancels */
export async function chooseMedia(window: BrowserWindow, kinds: readonly ChoosableKind[]): Promise<string | undefined> {
  const filters = kinds.map((kind) => FILTERS[kind]);
  const { canceled, filePaths } = await dialog.showOpenDialog(window, {
    properties: ['openFile', 'dontAddToRecent'],
    filters: [...filters, { name: 'All files', extensions: ['*'] }],
  });
  return canceled ? undefined : filePaths[0];
}
