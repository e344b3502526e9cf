import { ImageError, type FilePort } from '../../disk-image.js';
import { encodeEmptyQcow2 } from '../../../../../shared/disk/empty-qcow2.js';
import type { CreateSpec, ImageWriter } from '../format-driver.js';
import type { ImagePorts } from '../image-ports.js';
import { setCompressed, setOwned } from './cluster-mapping.js';
import { HEADER_OFFSET, l1Fields, refcountTableFields } from './qcow2-header.js';

const DEFAULT_CLUSTER_BYTES = 64 << 10;
const SECTOR = 512;
/** Size of a refcount in the images this writes. */
const REFCOUNT_BYTES = 2;
/** Clusters deflated at once, on the threads that the port has. */
const AT_ONCE = 16;

/**
 * Writes a compressed qcow2 image from beginning to end: deflated clusters packed one behind the other, each L2 table
 * when the next one begins, refcounts, L1 table and header last. Until {@link finish} the file is no image.
 */
export class Qcow2Writer implements ImageWriter {
  private readonly clusterBytes: number;
  private readonly l1: Uint8Array;
  private readonly references: number[] = [];
  /** End of what has been written. */
  private end: number;
  private l2: { readonly index: number; readonly view: DataView } | undefined;

  constructor(
    private readonly file: FilePort,
    private readonly spec: CreateSpec,
    private readonly ports: ImagePorts,
  ) {
    this.clusterBytes = spec.clusterBytes ?? DEFAULT_CLUSTER_BYTES;
    const perL2 = this.clusterBytes / 8;
    this.l1 = new Uint8Array(Math.ceil(spec.size / (this.clusterBytes * perL2)) * 8);
    // The header; what encodeEmptyQcow2 puts behind it is written elsewhere.
    this.end = this.clusterBytes;
    this.references[0] = 1;
  }

  async write(offset: number, bytes: Uint8Array): Promise<void> {
    const batchBytes = AT_ONCE * this.clusterBytes;
    for (let at = 0; at < bytes.length; at += batchBytes) {
      const clusters = this.clustersOf(bytes.subarray(at, at + batchBytes));
      const deflated = await Promise.all(clusters.map((cluster) => this.deflate(cluster)));
      for (const [i, cluster] of clusters.entries()) {
        await this.put((offset + at) / this.clusterBytes + i, cluster, deflated[i]);
      }
    }
  }

  async finish(): Promise<void> {
    await this.finishL2();
    const l1Offset = await this.append(this.l1, 'aligned');
    const { offset, clusters } = await this.writeRefcounts();
    await this.file.sync();
    const { size, clusterBytes, backing } = { ...this.spec, clusterBytes: this.clusterBytes };
    const empty = encodeEmptyQcow2(backing === undefined ? { size, clusterBytes } : { size, clusterBytes, backing });
    const header = empty.slice(0, clusterBytes);
    header.set(l1Fields(this.l1.length / 8, l1Offset), HEADER_OFFSET.l1Entries);
    header.set(refcountTableFields(offset, clusters), HEADER_OFFSET.refcountTable);
    await this.file.write(0, header);
    await this.file.sync();
  }

  /** Whole clusters; the last is filled up with zeros. */
  private clustersOf(bytes: Uint8Array): Uint8Array[] {
    const clusters: Uint8Array[] = [];
    for (let at = 0; at < bytes.length; at += this.clusterBytes) {
      const part = bytes.subarray(at, at + this.clusterBytes);
      const whole = part.length === this.clusterBytes ? part : new Uint8Array(this.clusterBytes);
      if (whole !== part) whole.set(part);
      clusters.push(whole);
    }
    return clusters;
  }

  /** `undefined` if it does not pay. */
  private async deflate(cluster: Uint8Array): Promise<Uint8Array | undefined> {
    const deflated = await this.ports.deflate(cluster);
    return deflated.length + SECTOR < this.clusterBytes ? deflated : undefined;
  }

  private async put(cluster: number, bytes: Uint8Array, deflated: Uint8Array | undefined): Promise<void> {
    const perL2 = this.clusterBytes / 8;
    const l2 = await this.l2For(Math.floor(cluster / perL2));
    if (deflated === undefined) setOwned(l2, cluster % perL2, await this.append(bytes, 'aligned'));
    else
      setCompressed(
        l2,
        cluster % perL2,
        await this.append(deflated, 'packed'),
        deflated.length,
        Math.log2(this.clusterBytes),
      );
  }

  private async l2For(index: number): Promise<DataView> {
    if (this.l2 !== undefined && index < this.l2.index)
      throw new ImageError('image-unsupported', 'A compressed image is written from its beginning to its end.');
    if (this.l2?.index !== index) {
      await this.finishL2();
      this.l2 = { index, view: new DataView(new ArrayBuffer(this.clusterBytes)) };
    }
    return this.l2.view;
  }

  private async finishL2(): Promise<void> {
    if (this.l2 === undefined) return;
    const offset = await this.append(new Uint8Array(this.l2.view.buffer), 'aligned');
    setOwned(new DataView(this.l1.buffer), this.l2.index, offset);
    this.l2 = undefined;
  }

  /** Puts bytes behind what is there, and counts the reference to every cluster they touch. */
  private async append(bytes: Uint8Array, how: 'aligned' | 'packed'): Promise<number> {
    const offset = how === 'packed' ? this.end : Math.ceil(this.end / this.clusterBytes) * this.clusterBytes;
    await this.file.write(offset, bytes);
    this.end = offset + bytes.length;
    // A compressed cluster refers to the whole of its last sector.
    const last = how === 'packed' ? Math.ceil(this.end / SECTOR) * SECTOR : this.end;
    for (let i = Math.floor(offset / this.clusterBytes); i * this.clusterBytes < last; i++)
      this.references[i] = (this.references[i] ?? 0) + 1;
    return offset;
  }

  private async writeRefcounts(): Promise<{ readonly offset: number; readonly clusters: number }> {
    const start = Math.ceil(this.end / this.clusterBytes);
    const perBlock = this.clusterBytes / REFCOUNT_BYTES;
    let blocks = 1;
    let clusters = 1;
    while (start + blocks + clusters > blocks * perBlock) {
      blocks++;
      clusters = Math.ceil((blocks * 8) / this.clusterBytes);
    }
    const table = new DataView(new ArrayBuffer(clusters * this.clusterBytes));
    const counts = new DataView(new ArrayBuffer(blocks * this.clusterBytes));
    for (let i = 0; i < start; i++) counts.setUint16(i * 2, this.references[i] ?? 0);
    for (let i = start; i < start + blocks + clusters; i++) counts.setUint16(i * 2, 1);
    for (let i = 0; i < blocks; i++) table.setBigUint64(i * 8, BigInt((start + i) * this.clusterBytes));
    await this.file.write(start * this.clusterBytes, new Uint8Array(counts.buffer));
    const offset = (start + blocks) * this.clusterBytes;
    await this.file.write(offset, new Uint8Array(table.buffer));
    return { offset, clusters };
  }
}
