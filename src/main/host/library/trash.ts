import { cp, mkdir, open, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';

/** Moves a file or folder to where the person can get it back. @returns false if this host has no such place */
export type Trash = (target: string) => Promise<boolean>;

/**
 * The home trash of the freedesktop.org Trash specification 1.0: `files/NAME` beside `info/NAME.trashinfo`, the info
 * file created first and exclusively, which also reserves the name.
 */
export const freedesktopTrash: Trash = async (target) => {
  if (process.platform !== 'linux') return false;
  const root = path.join(process.env['XDG_DATA_HOME'] || path.join(homedir(), '.local/share'), 'Trash');
  try {
    for (const part of ['files', 'info']) await mkdir(path.join(root, part), { recursive: true, mode: 0o700 });
    const name = await reserveName(root, target);
    await moveInto(target, root, name);
    return true;
  } catch {
    return false;
  }
};

async function reserveName(root: string, target: string): Promise<string> {
  const deletedAt = new Date().toISOString().slice(0, 19);
  const info = `[Trash Info]\nPath=${encodeURI(target)}\nDeletionDate=${deletedAt}\n`;
  for (let number = 1; ; number++) {
    const name = number === 1 ? path.basename(target) : `${path.basename(target)}.${number}`;
    try {
      const handle = await open(path.join(root, 'info', `${name}.trashinfo`), 'wx');
      await handle.writeFile(info);
      await handle.close();
      return name;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}

async function moveInto(target: string, root: string, name: string): Promise<void> {
  const place = path.join(root, 'files', name);
  try {
    await rename(target, place);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EXDEV') return undoReservation(root, name, error);
    try {
      await cp(target, place, { recursive: true, errorOnExist: true });
    } catch (copyError) {
      await rm(place, { recursive: true, force: true });
      return undoReservation(root, name, copyError);
    }
    await rm(target, { recursive: true });
  }
}

async function undoReservation(root: string, name: string, error: unknown): Promise<never> {
  await rm(path.join(root, 'info', `${name}.trashinfo`), { force: true });
  throw error;
}
