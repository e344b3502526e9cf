import { realpath } from 'node:fs/promises';
import path from 'node:path';
import type { MediaView } from '../../../shared/contract/host-view.js';
import { AnnexError } from '../../../shared/contract/errors.js';
import { detectMedia } from '../media/detect-media.js';
import { latin1 } from '../media/byte-source.js';
import { withFileSource } from '../media/file-source.js';
import { machineName, type ForeignMachine } from './foreign-machine.js';
import { parseManifest, type Digest } from './manifest.js';
import { readOvf } from './ovf-reader.js';
import { ArchiveFiles, FolderFiles, type PackageFiles } from './package-files.js';
import { isHeader } from './tar.js';
import { readVbox } from './vbox-reader.js';
import { readVmx } from './vmx-reader.js';

/** Something a machine can be made from: its description and its files. */
export interface Appliance {
  readonly machine: ForeignMachine;
  readonly files: PackageFiles;
  /** What its files must be, by name; empty without a manifest. */
  readonly digests: ReadonlyMap<string, Digest>;
  /** Format of its disks where the description leaves no doubt; otherwise they are looked at. */
  readonly diskFormat: MediaView['format'];
}

/** Reads the description of a machine: an OVA archive, an `.ovf`, `.vmx` or `.vbox` file, or a disk. @throws AnnexError */
export async function readAppliance(chosen: string): Promise<Appliance> {
  const name = path.basename(chosen);
  const file = await realpath(chosen).catch((cause: unknown) => {
    throw new AnnexError('media-not-readable', `“${name}” cannot be read.`, { name }, { cause });
  });
  const head = await withFileSource(file, name, (source) => source.read(0, 1024));
  if (isHeader(head)) return readOva(file);
  const start = latin1(head).trimStart().replace(/^\u00ef\u00bb\u00bf/, '');
  const files = await FolderFiles.open(path.dirname(file));
  const described = (machine: ForeignMachine): Appliance => ({ machine, files, digests: new Map(), diskFormat: null });
  if (/\.vmx$/i.test(name)) return described(readVmx(await files.text(path.basename(file)), name));
  if (!start.startsWith('<')) return readBareDisk(file, name, files);
  const text = await files.text(path.basename(file));
  if (/<(\w+:)?VirtualBox[\s>]/.test(text)) return described(readVbox(text, name));
  return readOvfPackage(files, path.basename(file));
} // prettier-ignore

async function readOva(archive: string): Promise<Appliance> {
  const files = await ArchiveFiles.open(archive);
  const descriptor = files.names.find((name) => /\.ovf$/i.test(name));
  const name = path.basename(archive);
  if (descriptor === undefined)
    throw new AnnexError('appliance-invalid', `“${name}” holds no OVF description.`, { name });
  return readOvfPackage(files, descriptor);
}

async function readOvfPackage(files: PackageFiles, descriptor: string): Promise<Appliance> {
  const { machine } = readOvf(await files.text(descriptor), descriptor);
  const manifest = descriptor.replace(/\.ovf$/i, '.mf');
  const hasManifest = manifest !== descriptor && files.names.includes(manifest);
  const digests = hasManifest ? parseManifest(await files.text(manifest), manifest) : new Map<string, Digest>();
  return { machine, files, digests, diskFormat: null };
}

/** A disk alone becomes a machine with the defaults of the system on it. */
async function readBareDisk(file: string, name: string, files: PackageFiles): Promise<Appliance> {
  const { kind, format, problem, detected } = await withFileSource(file, name, (source) => detectMedia(source, name));
  if (kind !== 'disk' || problem || /\.(ova|ovf|vbox)$/i.test(name))
    throw new AnnexError('media-not-readable', `“${name}” is neither a machine nor a disk. Choose an OVA, OVF, VMX or VBOX file, or a disk image.`, { name }); // prettier-ignore
  const machine: ForeignMachine = {
    name: machineName(name.replace(/\.[^.]{1,5}$/, '')),
    notes: '',
    memoryMiB: detected?.recommendedMemoryMiB ?? 1024,
    guestOs: 'other',
    disks: [{ kind: 'file', name: path.basename(file) }],
    floppy: false,
    warnings: [],
  };
  return { machine, files, digests: new Map(), diskFormat: format };
}
