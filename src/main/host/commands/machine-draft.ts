import type { DriveConfig, MachineConfig } from '../../../shared/config/machine-config.js';
import type { MachinePatch } from '../../../shared/contract/commands.js';
import { AnnexError } from '../../../shared/contract/errors.js';
import type { ConfigPatch } from '../library/library.js';

/** Knows the paths that media ids stand for. @throws AnnexError `media-not-found` */
export type PathOfMedium = (mediaId: string) => string;

/**
 * Puts the chosen media in the place of paths. A client names no files: every path in the result was there before, or
 * stands for a medium or new disk.
 * @param current the configuration being edited, absent when creating
 * @throws AnnexError `bad-request` for a path out of nowhere
 */
export function placeMedia(patch: MachinePatch, current: MachineConfig | undefined, pathOf: PathOfMedium): ConfigPatch {
  const { media = {}, newDisks = {}, drives, kernel, firmware, systemMap, ...rest } = patch;
  const known = knownPaths(current);
  const chosen = (key: string, path: string | null): string | null => {
    const mediaId = media[key];
    if (mediaId !== undefined) return pathOf(mediaId);
    if (path === null || known.has(path) || key in newDisks) return path;
    throw new AnnexError('bad-request', `"${path}" was not chosen through the list of media.`, { path });
  };
  return {
    ...rest,
    ...(drives && { drives: drives.map((d): DriveConfig => ({ ...d, path: chosen(d.id, d.path) }) as DriveConfig) }),
    ...(kernel === null && { kernel: undefined }),
    ...(kernel && { kernel: placeKernel(kernel, chosen) }),
    ...(firmware && { firmware: firmware.kind === 'file' ? { ...firmware, path: chosen('firmware', firmware.path)! } : firmware }),
    ...(systemMap !== undefined && { systemMap: chosen('systemMap', systemMap) }),
  };
} // prettier-ignore

function placeKernel(
  kernel: NonNullable<MachineConfig['kernel']>,
  chosen: (key: string, path: string) => string | null,
): NonNullable<MachineConfig['kernel']> {
  const initrd = kernel.initrd === undefined ? {} : { initrd: chosen('initrd', kernel.initrd)! };
  return { ...kernel, path: chosen('kernel', kernel.path)!, ...initrd };
}

function knownPaths(config: MachineConfig | undefined): ReadonlySet<string> {
  if (!config) return new Set();
  const drives = config.drives.flatMap((drive) => (drive.path === null ? [] : [drive.path]));
  const { kernel, firmware } = config;
  const others = [
    kernel?.path,
    kernel?.initrd,
    firmware.kind === 'file' ? firmware.path : undefined,
    config.systemMap ?? undefined,
  ];
  return new Set([...drives, ...others.filter((path) => path !== undefined)]);
}
