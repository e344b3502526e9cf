import { ImageError, type FilePort } from '../../disk-image.js';
import type { ImagePorts } from '../image-ports.js';

/** Inflated clusters kept for the next reads, which usually are of the same one. */
const KEPT = 8;

/** Reads compressed clusters and keeps the last few. */
export class CompressedClusters {
  private readonly kept = new Map<number, Promise<Uint8Array>>();

  constructor(
    private readonly file: FilePort,
    private readonly ports: ImagePorts,
    private readonly clusterBytes: number,
  ) {}

  /** The content of the cluster whose compressed form begins at `host` and takes `bytes` at most. @throws ImageError */
  get(host: number, bytes: number): Promise<Uint8Array> {
    const known = this.kept.get(host) ?? this.load(host, bytes);
    this.kept.delete(host);
    this.kept.set(host, known);
    for (const oldest of this.kept.keys()) {
      if (this.kept.size <= KEPT) break;
      this.kept.delete(oldest);
    }
    return known;
  }

  /** To be called when places in the file may get other content. */
  forget(): void {
    this.kept.clear();
  }

  private load(host: number, bytes: number): Promise<Uint8Array> {
    const loading = this.inflate(host, bytes);
    loading.catch(() => this.kept.delete(host));
    return loading;
  }

  private async inflate(host: number, bytes: number): Promise<Uint8Array> {
    const source = new Uint8Array(bytes);
    const there = await this.file.read(host, source);
    const cluster = await this.ports.inflate(source.subarray(0, there), this.clusterBytes);
    if (cluster.length !== this.clusterBytes) throw new ImageError('image-damaged', 'a compressed cluster is short');
    return cluster;
  }
}
