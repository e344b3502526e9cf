import type { FilePort } from '../../disk-image.js';
import type { CreateSpec, ImageWriter } from '../format-driver.js';
import type { ImagePorts } from '../image-ports.js';
import { encodeDescriptor } from './descriptor.js';
import { directoryEntries, encodeSparseHeader, parseSparseHeader, SECTOR, type SparseHeader } from './sparse-header.js';
import { damagedVmdk } from './vmdk-errors.js';
import { deflateZlib } from './zlib-stream.js';

/**
 * Stream-optimized extents: VMware, "Virtual Disk Format 5.0", section "Stream-Optimized Compressed Sparse Extents".
 * Written in one pass: grains as they come, each grain table behind its grains, the directory and a footer at the end.
 */
const MARKER = { endOfStream: 0, grainTable: 1, grainDirectory: 2, footer: 3 } as const;
/** Footer marker, footer, end-of-stream marker. */
const FOOTER_SECTORS = 3;

const GRAIN_SECTORS = 128;
const ENTRIES_PER_TABLE = 512;
const DESCRIPTOR_OFFSET = 1;
const DESCRIPTOR_SECTORS = 20;
const OVERHEAD_SECTORS = 128;

/** The header as it is repeated at the end of a stream, with the place of the grain directory. @throws ImageError */
export async function readFooter(file: FilePort): Promise<SparseHeader> {
  const size = await file.size();
  const bytes = new Uint8Array(FOOTER_SECTORS * SECTOR);
  const start = Math.floor(size / SECTOR) * SECTOR - bytes.length;
  if (start < 0 || (await file.read(start, bytes)) < bytes.length) throw damagedVmdk('it ends within its footer');
  const view = new DataView(bytes.buffer);
  if (view.getUint32(8, true) !== 0 || view.getUint32(12, true) !== MARKER.footer)
    throw damagedVmdk('its end is missing: it was not written or transferred to the end');
  return parseSparseHeader(bytes.subarray(SECTOR, 2 * SECTOR));
}

/** Writes a stream-optimized disk. Grains of zeros are left out. */
export class StreamWriter implements ImageWriter {
  private readonly grainBytes = GRAIN_SECTORS * SECTOR;
  private readonly directory: Uint32Array;
  private table = new Uint32Array(ENTRIES_PER_TABLE);
  private tableIndex = 0;
  private at = OVERHEAD_SECTORS * SECTOR;

  private constructor(
    private readonly file: FilePort,
    private readonly header: SparseHeader,
    private readonly ports: ImagePorts,
  ) {
    this.directory = new Uint32Array(directoryEntries(header));
  }

  static async start(file: FilePort, { size, identity }: CreateSpec, ports: ImagePorts): Promise<StreamWriter> {
    const header: SparseHeader = {
      version: 3,
      capacity: size / SECTOR,
      grainSectors: GRAIN_SECTORS,
      descriptorOffset: DESCRIPTOR_OFFSET,
      descriptorSectors: DESCRIPTOR_SECTORS,
      entriesPerTable: ENTRIES_PER_TABLE,
      redundantDirectory: 0,
      directory: undefined,
      overhead: OVERHEAD_SECTORS,
      unclean: false,
      zeroedGrains: false,
      compressed: true,
    };
    const start = new Uint8Array(OVERHEAD_SECTORS * SECTOR);
    start.set(encodeSparseHeader(header));
    start.set(encodeDescriptor('streamOptimized', header.capacity, contentIdFrom(identity.uuid)), SECTOR);
    await file.write(0, start);
    return new StreamWriter(file, header, ports);
  }

  async write(offset: number, bytes: Uint8Array): Promise<void> {
    const grains: { readonly grain: number; readonly data: Promise<Uint8Array> }[] = [];
    for (let done = 0; done < bytes.length; done += this.grainBytes) {
      const part = bytes.subarray(done, done + this.grainBytes);
      if (part.some((byte) => byte !== 0))
        grains.push({ grain: (offset + done) / this.grainBytes, data: this.deflate(part) });
    }
    // Side by side deflated, one after the other written.
    await Promise.all(grains.map(({ data }) => data));
    for (const { grain, data } of grains) await this.writeGrain(grain, await data);
  }

  async finish(): Promise<void> {
    await this.endTable();
    const directory = new Uint8Array(Math.ceil((this.directory.length * 4) / SECTOR) * SECTOR);
    encodeEntries(directory, this.directory);
    const sector = await this.writeMarked(MARKER.grainDirectory, directory);
    await this.writeMarked(MARKER.footer, encodeSparseHeader({ ...this.header, directory: sector }));
    await this.append([marker(0, MARKER.endOfStream)]);
    await this.file.sync();
  }

  private deflate(content: Uint8Array): Promise<Uint8Array> {
    if (content.length === this.grainBytes) return deflateZlib(content, this.ports);
    const whole = new Uint8Array(this.grainBytes);
    whole.set(content);
    return deflateZlib(whole, this.ports);
  }

  private async writeGrain(grain: number, data: Uint8Array): Promise<void> {
    const index = Math.floor(grain / ENTRIES_PER_TABLE);
    if (index !== this.tableIndex) await this.endTable();
    this.tableIndex = index;
    const head = new Uint8Array(12);
    const view = new DataView(head.buffer);
    view.setBigUint64(0, BigInt(grain * GRAIN_SECTORS), true);
    view.setUint32(8, data.length, true);
    this.table[grain % ENTRIES_PER_TABLE] = this.at / SECTOR;
    await this.append([head, data]);
  }

  /** Writes the table of the grains so far, if there are any. */
  private async endTable(): Promise<void> {
    if (this.table.every((sector) => sector === 0)) return;
    const bytes = new Uint8Array(ENTRIES_PER_TABLE * 4);
    encodeEntries(bytes, this.table);
    this.directory[this.tableIndex] = await this.writeMarked(MARKER.grainTable, bytes);
    this.table = new Uint32Array(ENTRIES_PER_TABLE);
  }

  /** @returns the sector of `bytes`, which follow their marker */
  private async writeMarked(type: number, bytes: Uint8Array): Promise<number> {
    await this.append([marker(bytes.length / SECTOR, type)]);
    const sector = this.at / SECTOR;
    await this.append([bytes]);
    return sector;
  }

  /** Adds to the file, filled up to a whole sector. */
  private async append(parts: readonly Uint8Array[]): Promise<void> {
    const length = parts.reduce((sum, part) => sum + part.length, 0);
    const padding = (SECTOR - (length % SECTOR)) % SECTOR;
    await this.file.writev(this.at, padding === 0 ? parts : [...parts, new Uint8Array(padding)]);
    this.at += length + padding;
  }
}

function marker(sectors: number, type: number): Uint8Array {
  const bytes = new Uint8Array(SECTOR);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(sectors), true);
  view.setUint32(12, type, true);
  return bytes;
}

function encodeEntries(target: Uint8Array, entries: Uint32Array): void {
  const view = new DataView(target.buffer);
  entries.forEach((entry, i) => view.setUint32(i * 4, entry, true));
}

/** A content id of a new disk: anything but the two values with a meaning. */
export function contentIdFrom(uuid: Uint8Array): string {
  const id = new DataView(uuid.buffer, uuid.byteOffset).getUint32(0) % 0xffff_fffe;
  return id.toString(16).padStart(8, '0');
}
