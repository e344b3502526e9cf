import { AtaDriver } from './ata-driver.js';

/** How a packet command ended: the data it sent, and the sense key if it ended with CHECK CONDITION. */
export interface PacketResult {
  readonly data: Uint8Array;
  readonly senseKey: number;
  /** Size of each data block, as the drive announced it. */
  readonly blocks: readonly number[];
}

const REASON_COMMAND = 1;
const REASON_TO_HOST = 2;
const REASON_STATUS = 3;

/** A host's driver of an ATAPI drive: PACKET with data by PIO or DMA, as Linux and SeaBIOS run it. */
export class AtapiDriver extends AtaDriver {
  packet(
    cdb: readonly number[],
    options: { readonly byteCount?: number; readonly features?: number } = {},
  ): PacketResult {
    this.sendPacket(cdb, options.byteCount ?? 0xfffe, options.features ?? 0);
    const data: number[] = [];
    const blocks: number[] = [];
    for (;;) {
      this.waitIdle();
      const status = this.in(7);
      if (!(status & 0x08)) return this.end(status, data, blocks);
      if (this.in(2) !== REASON_TO_HOST) throw new Error(`unexpected interrupt reason ${this.in(2)}`);
      const bytes = this.in(4) | (this.in(5) << 8);
      blocks.push(bytes);
      for (let i = 0; i < bytes; i += 2) {
        const word = this.dataWord();
        data.push(word & 0xff);
        if (i + 1 < bytes) data.push(word >> 8);
      }
    }
  }

  packetDma(cdb: readonly number[], entries: readonly (readonly [address: number, bytes: number])[]): PacketResult {
    this.prd(entries);
    this.busMasterWrite(2, 0x06);
    this.sendPacket(cdb, 0, 1);
    this.busMasterWrite(0, 9);
    this.waitIdle();
    this.busMasterWrite(0, 8);
    return this.end(this.in(7), [], []);
  }

  /** REQUEST SENSE: key, code, qualifier. */
  sense(): [key: number, code: number, qualifier: number] {
    const { data } = this.packet([0x03, 0, 0, 0, 18]);
    return [data[2]!, data[12]!, data[13]!];
  }

  private sendPacket(cdb: readonly number[], byteCount: number, features: number): void {
    this.out(6, 0xa0);
    this.out(1, features);
    this.out(4, byteCount);
    this.out(5, byteCount >> 8);
    this.out(7, 0xa0);
    this.waitIdle();
    if (this.in(2) !== REASON_COMMAND || !(this.alternateStatus & 0x08)) throw new Error('drive takes no packet');
    const padded = [...cdb, ...new Array<number>(12).fill(0)];
    for (let i = 0; i < 12; i += 2) this.writeDataWord(padded[i]! | (padded[i + 1]! << 8));
  }

  private end(status: number, data: readonly number[], blocks: readonly number[]): PacketResult {
    if (this.in(2) !== REASON_STATUS) throw new Error('no status phase');
    return { data: Uint8Array.from(data), senseKey: status & 1 ? this.in(1) >> 4 : 0, blocks };
  }
}
