import { randomUUID } from 'node:crypto';
import type { DiskJobReply, DiskJobRequest, ImageRef } from '../../../shared/disk-jobs/protocol.js';
import { AnnexError } from '../../../shared/contract/errors.js';
import { ImageError, type DiskImage, type FilePort } from '../../vmm/block/disk-image.js';
import { BorrowedFile } from '../../vmm/block/formats/borrowed-file.js';
import type {
  BackingReference,
  CreateSpec,
  FormatDriver,
  ImageFormat,
  ImageIdentity,
  ImageLayout,
  OperationControl,
} from '../../vmm/block/formats/format-driver.js';
import { driverOf, type ImagePorts } from '../../vmm/block/formats/image-format.js';
import { copyDisk, copyLayer, streamDisk } from '../../vmm/block/operations/copy-disk.js';
import { imagePorts } from '../files/image-ports.js';
import { roomOf } from './inspection-jobs.js';
import { makeImage } from './new-image.js';
import { locateDisk, locked, reading, withFile } from './open-disk.js';

type RequestOf<N extends DiskJobRequest['job']> = Extract<DiskJobRequest, { job: N }>;

export async function createDisk(request: RequestOf<'create'>): Promise<DiskJobReply<'create'>> {
  const { path, format, layout, clusterBytes, backing } = request;
  await makeImage(path, 'new', async (file) => {
    const spec = { layout, identity: newIdentity(), ...(clusterBytes === null ? {} : { clusterBytes }) };
    const size = request.size ?? (await sizeOfBacking(request));
    await creatorOf(driverOf(format), layout)(file, { ...spec, size, ...(backing ? { backing } : {}) });
  });
  return {};
}

/** Size of what a new overlay builds on; opening it shows that it can be opened at all. */
async function sizeOfBacking({ path, backing, bases }: RequestOf<'create'>): Promise<number> {
  if (backing === null) throw new AnnexError('bad-request', 'A new disk needs a size.');
  const ports = await imagePorts(path, bases ? { bases } : {});
  const image = await ports.openBacking(backing.name, backing.format);
  await image.close();
  return image.size;
}

export function convertDisk(
  { source, path, format, layout }: RequestOf<'convert'>,
  control: OperationControl,
): Promise<DiskJobReply<'convert'>> {
  return reading(source, async (image, { ports }) => {
    await makeImage(path, 'new', async (file) => {
      const spec = { size: image.size, layout, identity: newIdentity() };
      await writeCopy(image, driverOf(format), file, ports, spec, control);
    });
    return {};
  });
}

async function writeCopy(
  source: DiskImage,
  driver: FormatDriver,
  file: FilePort,
  ports: ImagePorts,
  spec: CreateSpec,
  control: OperationControl,
): Promise<void> {
  if (spec.layout === 'compressed') {
    if (driver.writer === undefined) throw unsupported(driver, 'cannot be written compressed');
    return streamDisk(source, await driver.writer(file, spec, ports), control);
  }
  await creatorOf(driver, spec.layout)(file, spec);
  await filling(driver, file, ports, (target) => copyDisk(source, target, control));
}

/** Lends the image in a file that stays open. */
async function filling(
  driver: FormatDriver,
  file: FilePort,
  ports: ImagePorts,
  fill: (image: DiskImage) => Promise<void>,
): Promise<void> {
  const image = await driver.open(new BorrowedFile(file), ports);
  try {
    await fill(image);
  } finally {
    await image.close();
  }
}

/** In place: formats change their size by one write at the end. */
export async function resizeDisk({ image, size, allowShrink }: RequestOf<'resize'>): Promise<DiskJobReply<'resize'>> {
  return locked(image.path, async () => {
    const { driver, ports } = await locateDisk(image, false);
    const resize = driver.resize;
    if (resize === undefined) throw unsupported(driver, 'cannot change its size');
    await withFile(image.path, false, async (file) => {
      const present = (await driver.details(file, ports)).size;
      if (size < present && !allowShrink) throw tooSmall(image, present);
      await resize(file, ports, size);
      await file.sync();
    });
    return {};
  });
}

export async function compactDisk(
  { image: ref }: RequestOf<'compact'>,
  control: OperationControl,
): Promise<DiskJobReply<'compact'>> {
  const bytesBefore = await roomOf(ref.path);
  await locked(ref.path, async () => {
    const { driver, ports } = await locateDisk(ref, true);
    // A file that may not be written to is not replaced either, though its folder would allow that.
    const source = await withFile(ref.path, false, (file) => driver.details(file, ports));
    if (source.layout !== 'sparse') throw unsupported(driver, `that is ${source.layout} cannot be made smaller`);
    if (source.snapshots.length > 0)
      throw unsupported(driver, 'with snapshots inside cannot be compacted without losing them');
    const spec: CreateSpec = {
      size: source.size,
      layout: 'sparse',
      identity: newIdentity(),
      ...(source.clusterBytes === undefined ? {} : { clusterBytes: source.clusterBytes }),
      ...(source.backing === undefined ? {} : { backing: source.backing as BackingReference }),
    };
    await makeImage(ref.path, 'replace', (file) => compactInto(file, ref, driver, ports, spec, control));
  });
  return { bytesBefore, bytesAfter: await roomOf(ref.path) };
}

async function compactInto(
  file: FilePort,
  ref: ImageRef,
  driver: FormatDriver,
  ports: ImagePorts,
  spec: CreateSpec,
  control: OperationControl,
): Promise<void> {
  await creatorOf(driver, 'sparse')(file, spec);
  await withFile(ref.path, true, async (old) => {
    const source = await driver.open(new BorrowedFile(old), ports);
    try {
      await filling(driver, file, ports, (target) => copyLayer(source, target, control));
    } finally {
      await source.close();
    }
  });
}

function creatorOf(driver: FormatDriver, layout: ImageLayout): NonNullable<FormatDriver['create']> {
  if (driver.create === undefined) throw unsupported(driver, 'cannot be made');
  if (layout === 'compressed') throw unsupported(driver, 'cannot be made empty and compressed: convert a disk to it');
  return driver.create;
}

function newIdentity(): ImageIdentity {
  const uuid = Uint8Array.from(Buffer.from(randomUUID().replaceAll('-', ''), 'hex'));
  return { uuid, createdAt: Math.floor(Date.now() / 1000) };
}

function unsupported({ format }: { readonly format: ImageFormat }, what: string): ImageError {
  return new ImageError('image-unsupported', `A ${format} image ${what}.`);
}

function tooSmall({ path }: ImageRef, present: number): AnnexError {
  return new AnnexError(
    'disk-too-small',
    `"${path}" has ${present} bytes. Cutting it loses what lies beyond; ask for that.`,
    { present },
  );
}
