import { closeAll } from '../close-all.js';
import { FileError, type DiskImage, type Extent } from '../../disk-image.js';
import { SerialQueue } from '../../serial-queue.js';
import { scatter, sliceVectors, vectorLength, zeroVectors, type Vectors } from '../../vectors.js';
import type { ImageFormat } from '../format-driver.js';
import type { BlockMap, Place, Room, WritableBlockMap } from './block-map.js';

/** Bytes one write takes room for at most; bounds the time others wait. */
const MAX_RESERVATION = 4 << 20;

interface ImageParts {
  readonly format: ImageFormat;
  readonly map: BlockMap;
  /** The map again if the disk can be written. */
  readonly writable: WritableBlockMap | undefined;
  readonly backing: DiskImage | undefined;
  /** Runs before the first change to the disk: marks the image as open, or as another than its children knew. */
  readonly beforeFirstChange?: () => Promise<void>;
}

/**
 * A disk whose blocks lie where a table says. Data are written at once, to room nothing refers to or that is the
 * disk's own; tables that name new blocks wait for {@link flush}, which makes the data durable first.
 */
export class MappedImage implements DiskImage {
  readonly format: ImageFormat;
  readonly size: number;
  readonly readonly: boolean;
  readonly backing: DiskImage | undefined;
  private readonly map: BlockMap;
  private readonly writable: WritableBlockMap | undefined;
  /** Operations that change the map. */
  private readonly changes = new SerialQueue();
  private readonly beforeFirstChange: () => Promise<void>;
  private opened: Promise<void> | undefined;
  private settled = false;
  private inflated: { readonly host: number; readonly bytes: Uint8Array } | undefined;

  constructor({ format, map, writable, backing, beforeFirstChange }: ImageParts) {
    this.format = format;
    this.map = map;
    this.size = map.size;
    this.writable = writable;
    this.readonly = writable === undefined;
    this.backing = backing;
    this.beforeFirstChange = beforeFirstChange ?? (() => Promise.resolve());
  }

  async read(offset: number, targets: Vectors): Promise<void> {
    const end = offset + vectorLength(targets);
    const parts: Promise<void>[] = [];
    for (let at = offset; at < end;) {
      const { place, length } = await this.map.run(at, end);
      parts.push(this.readFrom(place, at, sliceVectors(targets, at - offset, length)));
      at += length;
    }
    await Promise.all(parts);
  }

  async write(offset: number, sources: Vectors): Promise<void> {
    const map = await this.mapToChange();
    const end = offset + vectorLength(sources);
    for (let at = offset; at < end;) {
      const { place, length } = await map.run(at, end);
      const part = sliceVectors(sources, at - offset, length);
      if (place.kind === 'data') {
        await place.file.writev(place.host, part);
        at += length;
      } else at += await this.changes.run(() => this.allocateAndWrite(map, at, part));
    }
  }

  async discard(offset: number, length: number): Promise<void> {
    const map = await this.mapToChange();
    await this.changes.run(() => map.discard(offset, offset + length));
  }

  async extent(offset: number, length: number): Promise<Extent> {
    const { place, length: found } = await this.map.run(offset, offset + length);
    return { kind: place.kind === 'compressed' ? 'data' : place.kind, length: found };
  }

  async flush(): Promise<void> {
    const map = this.writable;
    if (map === undefined) return;
    await this.changes.run(async () => {
      await map.sync();
      if (map.changed) await map.commit();
    });
  }

  async settle(): Promise<void> {
    if (this.writable === undefined || this.settled) return;
    await this.flush();
    await this.writable.settle();
    this.opened = undefined;
    this.settled = true;
  }

  async close(): Promise<void> {
    try {
      await this.settle();
    } finally {
      await closeAll([this.map, this.backing]);
    }
  }

  private async mapToChange(): Promise<WritableBlockMap> {
    if (this.writable === undefined) throw new FileError('read-only', `This ${this.format} image is read-only.`);
    this.settled = false;
    this.opened ??= this.beforeFirstChange();
    try {
      await this.opened;
    } catch (error) {
      this.opened = undefined;
      throw error;
    }
    return this.writable;
  }

  private async readFrom(place: Place, at: number, targets: Vectors): Promise<void> {
    switch (place.kind) {
      case 'hole':
        return this.readBacking(at, targets);
      case 'zero':
        return zeroVectors(targets);
      case 'compressed': {
        const block = await this.inflate(place);
        return scatter(block.subarray(place.from, place.from + vectorLength(targets)), targets);
      }
      case 'data': {
        const done = await place.file.readv(place.host, targets);
        zeroVectors(sliceVectors(targets, done, vectorLength(targets) - done));
      }
    }
  }

  private async readBacking(at: number, targets: Vectors): Promise<void> {
    const length = vectorLength(targets);
    const there = Math.max(0, Math.min(length, (this.backing?.size ?? 0) - at));
    zeroVectors(sliceVectors(targets, there, length - there));
    if (there > 0) await this.backing!.read(at, sliceVectors(targets, 0, there));
  }

  /** Keeps the block read last: sequential reads are smaller than blocks. */
  private async inflate({ file, host }: Place & { readonly kind: 'compressed' }): Promise<Uint8Array> {
    if (this.inflated?.host !== host) this.inflated = { host, bytes: await this.map.inflate!(file, host) };
    return this.inflated.bytes;
  }

  /** Writes where the disk has no room of its own yet; returns how many bytes it took. */
  private async allocateAndWrite(map: WritableBlockMap, at: number, sources: Vectors): Promise<number> {
    const end = at + Math.min(vectorLength(sources), MAX_RESERVATION);
    const { place, length: missing } = await map.run(at, end);
    // Another write has made room meanwhile.
    if (place.kind === 'data') return 0;
    const room = await map.reserve(at, at + missing);
    const length = Math.min(missing, room.start + room.length - at);
    try {
      await this.fill(room, place, at, sliceVectors(sources, 0, length));
      await map.assign(room);
    } catch (error) {
      map.giveBack(room);
      throw error;
    }
    return length;
  }

  /** Writes new blocks: the sources, and around them what the disk held there before. */
  private async fill(room: Room, before: Place, at: number, sources: Vectors): Promise<void> {
    const head = at - room.start;
    const length = vectorLength(sources);
    const tail = room.length - head - length;
    if (room.fresh && (before.kind === 'zero' || this.backing === undefined))
      return room.file.writev(room.host + head, sources);
    const old = async (from: number, bytes: number): Promise<Uint8Array> => {
      const content = new Uint8Array(bytes);
      const onDisk = Math.min(bytes, this.size - from);
      if (onDisk > 0) await this.readFrom(before, from, [content.subarray(0, onDisk)]);
      return content;
    };
    await room.file.writev(room.host, [await old(room.start, head), ...sources, await old(at + length, tail)]);
  }
}
