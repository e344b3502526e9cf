import type { IdeRig } from './ide-rig.js';

const PRD_TABLE = 0x1000;

/** How a command ended, as the driver reads it from the registers. */
export interface AtaResult {
  readonly status: number;
  readonly error: number;
}

export interface AtaCommand {
  readonly command: number;
  readonly lba?: number;
  readonly count?: number;
  readonly features?: number;
  /** Address and count have 48 and 16 bits. */
  readonly extended?: boolean;
}

/**
 * A host's IDE driver on the other side of the ports, doing what the common ones do: probe by registers that keep
 * values, soft reset and signature; wait by polling the alternate status; move data by PIO in data blocks or by
 * bus-master DMA.
 */
export class AtaDriver {
  constructor(private readonly rig: IdeRig) {}

  in(register: number): number {
    return this.rig.channel.commandBlock.read(register, 1);
  }

  out(register: number, value: number): void {
    this.rig.channel.commandBlock.write(register, value & 0xff, 1);
  }

  get alternateStatus(): number {
    return this.rig.channel.controlBlock.read(0, 1);
  }

  control(value: number): void {
    this.rig.channel.controlBlock.write(0, value, 1);
  }

  dataWord(): number {
    return this.rig.channel.commandBlock.read(0, 2);
  }

  writeDataWord(value: number): void {
    this.rig.channel.commandBlock.write(0, value, 2);
  }

  select(unit: 0 | 1): void {
    this.out(6, 0xa0 | (unit << 4));
  }

  /** Whether registers keep what is written to them, as a probe checks before anything else. */
  isPresent(unit: 0 | 1): boolean {
    this.select(unit);
    this.out(2, 0x55);
    this.out(3, 0xaa);
    this.out(2, 0xaa);
    this.out(3, 0x55);
    this.out(2, 0x55);
    this.out(3, 0xaa);
    return this.in(2) === 0x55 && this.in(3) === 0xaa;
  }

  softReset(): void {
    this.control(0x08);
    this.control(0x0c);
    this.control(0x08);
    this.waitIdle();
  }

  signature(unit: 0 | 1): 'ata' | 'atapi' | 'none' {
    this.select(unit);
    const [mid, high] = [this.in(4), this.in(5)];
    if (this.in(2) !== 1 || this.in(3) !== 1) return 'none';
    if (mid === 0x14 && high === 0xeb) return 'atapi';
    return mid === 0 && high === 0 ? 'ata' : 'none';
  }

  /** Writes the registers and the command; nothing is waited for. */
  issue({ command, lba = 0, count = 0, features = 0, extended = false }: AtaCommand, unit: 0 | 1 = 0): void {
    const device = 0xe0 | (unit << 4);
    if (extended) {
      this.out(6, device);
      this.out(1, features >> 8);
      this.out(2, count >> 8);
      this.out(3, Math.floor(lba / 2 ** 24));
      this.out(4, Math.floor(lba / 2 ** 32));
      this.out(5, Math.floor(lba / 2 ** 40));
    } else this.out(6, device | (Math.floor(lba / 2 ** 24) & 15));
    this.out(1, features);
    this.out(2, count);
    this.out(3, lba);
    this.out(4, lba >>> 8);
    this.out(5, lba >>> 16);
    this.out(7, command);
  }

  waitIdle(): void {
    for (let tries = 0; this.alternateStatus & 0x80; tries++) {
      if (tries > 1000) throw new Error('drive stays busy');
      this.rig.settle();
    }
  }

  result(): AtaResult {
    const status = this.in(7);
    return { status, error: this.in(1) };
  }

  nonData(command: AtaCommand): AtaResult {
    this.issue(command);
    this.waitIdle();
    return this.result();
  }

  /** A PIO read; stops at the first error. @param blockBytes size of a data block */
  pioRead(command: AtaCommand, bytes: number, blockBytes = 512): { result: AtaResult; data: Uint8Array } {
    this.issue(command);
    return this.pioIn(bytes, blockBytes);
  }

  pioIn(bytes: number, blockBytes = 512): { result: AtaResult; data: Uint8Array } {
    const data = new Uint8Array(bytes);
    for (let at = 0; at < bytes;) {
      this.waitIdle();
      const status = this.in(7);
      if (!(status & 0x08)) break;
      const end = Math.min(bytes, at + blockBytes);
      for (; at < end; at += 2) {
        const word = this.dataWord();
        data[at] = word;
        if (at + 1 < bytes) data[at + 1] = word >> 8;
      }
    }
    this.waitIdle();
    return { result: this.result(), data };
  }

  pioWrite(command: AtaCommand, data: Uint8Array, blockBytes = 512): AtaResult {
    this.issue(command);
    this.pioOut(data, blockBytes);
    return this.result();
  }

  pioOut(data: Uint8Array, blockBytes = 512): void {
    for (let at = 0; at < data.length;) {
      this.waitIdle();
      if (!(this.in(7) & 0x08)) return;
      const end = Math.min(data.length, at + blockBytes);
      for (; at < end; at += 4) {
        const word = data[at]! | (data[at + 1]! << 8) | (data[at + 2]! << 16) | (data[at + 3]! << 24);
        this.rig.channel.commandBlock.write(0, word >>> 0, 4);
      }
    }
    this.waitIdle();
  }

  /** Writes a PRD table; the last entry gets the end mark. */
  prd(entries: readonly (readonly [address: number, bytes: number])[]): void {
    entries.forEach(([address, bytes], i) => {
      this.rig.memory.write32(PRD_TABLE + i * 8, address);
      this.rig.memory.write32(PRD_TABLE + i * 8 + 4, (bytes & 0xffff) | (i === entries.length - 1 ? 0x8000_0000 : 0));
    });
    this.busMasterWrite(4, PRD_TABLE, 4);
  }

  busMasterRead(offset: number): number {
    return this.rig.channel.busMaster.read(offset, 1);
  }

  busMasterWrite(offset: number, value: number, size: 1 | 2 | 4 = 1): void {
    this.rig.channel.busMaster.write(offset, value >>> 0, size);
  }

  /** A DMA command as libata runs it: table, direction, status cleared, command, start, interrupt, stop. */
  dma(
    command: AtaCommand,
    entries: readonly (readonly [address: number, bytes: number])[],
    direction: 'read' | 'write',
  ): AtaResult & { busMaster: number } {
    this.prd(entries);
    this.busMasterWrite(0, direction === 'read' ? 8 : 0);
    this.busMasterWrite(2, 0x06);
    this.issue(command);
    this.busMasterWrite(0, direction === 'read' ? 9 : 1);
    this.rig.settle();
    const busMaster = this.busMasterRead(2);
    this.busMasterWrite(0, direction === 'read' ? 8 : 0);
    return { ...this.result(), busMaster };
  }
}
