import { DEVICE, DIAGNOSTIC_PASSED, REGISTER } from './ata.js';

export interface TaskFileState {
  readonly version: 1;
  readonly current: readonly number[];
  readonly previous: readonly number[];
  readonly error: number;
  readonly status: number;
}

/** What is left in the sector count and LBA registers after a reset, to tell what kind of device it is. */
export type Signature = 'ata' | 'atapi';

/** The command block registers of one drive. Each has two bytes; a write pushes the older one back (ATA-6, 6.20). */
export class TaskFile {
  status = 0;
  error = 0;
  private readonly current = new Uint8Array(8);
  private readonly previous = new Uint8Array(8);

  write(register: number, value: number): void {
    this.previous[register] = this.current[register]!;
    this.current[register] = value;
  }

  /** @param older the byte written before the last one (HOB set in device control) */
  read(register: number, older: boolean): number {
    return (older ? this.previous : this.current)[register]!;
  }

  get features(): number {
    return this.current[REGISTER.features]!;
  }

  get sectorCount(): number {
    return this.current[REGISTER.sectorCount]!;
  }

  set sectorCount(value: number) {
    this.current[REGISTER.sectorCount] = value;
  }

  /** Sectors a 48-bit command asks for: 0 means 65536. */
  get sectorCount16(): number {
    return (this.previous[REGISTER.sectorCount]! << 8) | this.sectorCount || 0x1_0000;
  }

  /** Sectors a 28-bit command asks for: 0 means 256. */
  get sectorCount8(): number {
    return this.sectorCount || 0x100;
  }

  get device(): number {
    return this.current[REGISTER.device]!;
  }

  set device(value: number) {
    this.current[REGISTER.device] = value;
  }

  get usesLba(): boolean {
    return (this.device & DEVICE.lba) !== 0;
  }

  get head(): number {
    return this.device & DEVICE.headMask;
  }

  /** LBA low: the sector of a CHS address, from 1. */
  get sector(): number {
    return this.current[REGISTER.lbaLow]!;
  }

  get cylinder(): number {
    return this.current[REGISTER.lbaMid]! | (this.current[REGISTER.lbaHigh]! << 8);
  }

  set cylinder(value: number) {
    this.current[REGISTER.lbaMid] = value;
    this.current[REGISTER.lbaHigh] = value >> 8;
  }

  get lba28(): number {
    return this.low24(this.current) + this.head * 2 ** 24;
  }

  get lba48(): number {
    return this.low24(this.current) + this.low24(this.previous) * 2 ** 24;
  }

  setLba28(lba: number): void {
    this.setLow24(this.current, lba);
    this.device = (this.device & ~DEVICE.headMask) | (Math.floor(lba / 2 ** 24) & DEVICE.headMask);
  }

  setLba48(lba: number): void {
    this.setLow24(this.current, lba);
    this.setLow24(this.previous, Math.floor(lba / 2 ** 24));
  }

  setChs(cylinder: number, head: number, sector: number): void {
    this.cylinder = cylinder;
    this.current[REGISTER.lbaLow] = sector;
    this.device = (this.device & ~DEVICE.headMask) | head;
  }

  /** ATA-6, 9.12: signature and persistence. */
  setSignature(kind: Signature): void {
    this.sectorCount = 1;
    this.current[REGISTER.lbaLow] = 1;
    this.cylinder = kind === 'atapi' ? 0xeb14 : 0;
    this.device = 0;
    this.error = DIAGNOSTIC_PASSED;
  }

  saveState(): TaskFileState {
    const { error, status } = this;
    return { version: 1, current: [...this.current], previous: [...this.previous], error, status };
  }

  loadState(state: TaskFileState): void {
    this.current.set(state.current);
    this.previous.set(state.previous);
    this.error = state.error;
    this.status = state.status;
  }

  private low24(bytes: Uint8Array): number {
    return bytes[REGISTER.lbaLow]! | (bytes[REGISTER.lbaMid]! << 8) | (bytes[REGISTER.lbaHigh]! << 16);
  }

  private setLow24(bytes: Uint8Array, lba: number): void {
    bytes[REGISTER.lbaLow] = lba;
    bytes[REGISTER.lbaMid] = lba / 2 ** 8;
    bytes[REGISTER.lbaHigh] = lba / 2 ** 16;
  }
}
