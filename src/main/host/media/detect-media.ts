import { GUEST_PROFILES } from '../../../shared/config/guest-profiles.js';
import { AnnexError, type WireError } from '../../../shared/contract/errors.js';
import type { MediaView } from '../../../shared/contract/host-view.js';
import { latin1, type ByteSource } from './byte-source.js';
import { diskFormat, FLOPPY_BYTES, hasBootSignature } from './disk-format.js';
import { detectIsoOs, type DetectedOs } from './guest-os.js';
import { readIsoVolume, type IsoVolume } from './iso9660.js';
import { kernelImageKind } from './kernel-image.js';

/** What a file's content says it is. */
export type MediaDetection = Pick<MediaView, 'kind' | 'format' | 'detected' | 'problem'>;

/** Looks at a file's content, never at its name. A file that is nothing we know, or is damaged, says so in `problem`. */
export async function detectMedia(source: ByteSource, name: string): Promise<MediaDetection> {
  if (source.size === 0) return unusable(truncated(name, 0, 512));
  const volume = await readIsoVolume(source);
  if (volume) return detectIso(source, volume, name);
  const format = await diskFormat(source);
  if (format) return { kind: 'disk', format, detected: null, problem: null };
  const kernel = await kernelImageKind(source);
  if (kernel)
    return { kind: kernel === 'initrd' ? 'initrd' : 'kernel', format: null, detected: kernelOs(kernel), problem: null };
  if (await isWebPage(source)) return unusable(webPage(name));
  return detectRaw(source, name);
}

async function detectIso(source: ByteSource, volume: IsoVolume, name: string): Promise<MediaDetection> {
  const os = await detectIsoOs(source, volume);
  const detected =
    os || volume.bootable ? describe(os ?? { guestOs: 'other', title: volume.label || name }, volume.bootable) : null;
  let problem: WireError | null = null;
  if (source.size < volume.bytes) problem = truncated(name, source.size, volume.bytes);
  else if (!volume.bootable) problem = notBootable(name);
  return { kind: 'iso', format: 'iso', detected, problem };
}

async function detectRaw(source: ByteSource, name: string): Promise<MediaDetection> {
  const bootable = await hasBootSignature(source);
  if (FLOPPY_BYTES.has(source.size)) {
    return {
      kind: 'floppy',
      format: 'raw',
      detected: bootable ? describe({ guestOs: 'other', title: name }, true) : null,
      problem: null,
    };
  }
  if (source.size % 512 !== 0) return unusable(unknownFile(name));
  return {
    kind: 'disk',
    format: 'raw',
    detected: bootable ? describe({ guestOs: 'other', title: name }, true) : null,
    problem: null,
  };
}

function kernelOs(kind: 'linux' | 'elf' | 'initrd'): MediaDetection['detected'] {
  if (kind === 'initrd') return null;
  return describe(
    kind === 'linux' ? { guestOs: 'linux', title: 'Linux kernel' } : { guestOs: 'other', title: 'ELF kernel' },
    true,
  );
}

function describe({ guestOs, title }: DetectedOs, bootable: boolean): NonNullable<MediaDetection['detected']> {
  const { memoryMiB, diskGiB } = GUEST_PROFILES[guestOs];
  return { guestOs, title, bootable, recommendedMemoryMiB: memoryMiB, recommendedDiskGiB: diskGiB };
}

/** Download pages and mirrors' error pages get saved under the name of the medium they stand for. */
async function isWebPage(source: ByteSource): Promise<boolean> {
  const start = latin1(await source.read(0, 512))
    .trimStart()
    .toLowerCase();
  return start.startsWith('<!doctype html') || start.startsWith('<html') || start.startsWith('<?xml');
}

function unusable(problem: WireError): MediaDetection {
  return { kind: 'unknown', format: null, detected: null, problem };
}

function truncated(name: string, bytes: number, expected: number): WireError {
  return new AnnexError(
    'media-truncated',
    `“${name}” is incomplete: it has ${bytes} of ${expected} bytes. Download it again.`,
    { name, bytes, expected },
  ).toWire();
}

function notBootable(name: string): WireError {
  return new AnnexError(
    'media-not-bootable',
    `“${name}” holds no boot record, so a machine cannot start from it. Choose an installer or live medium.`,
    { name },
  ).toWire();
}

function webPage(name: string): WireError {
  return new AnnexError(
    'media-not-readable',
    `“${name}” is a web page, not a disk image: the download was answered with a page. Download it again from its source.`,
    { name },
  ).toWire();
}

function unknownFile(name: string): WireError {
  return new AnnexError(
    'media-not-readable',
    `“${name}” is neither an ISO, a disk image, a floppy image nor a kernel. Choose another file.`,
    { name },
  ).toWire();
}
