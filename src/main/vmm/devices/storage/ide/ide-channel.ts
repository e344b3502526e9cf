import type { AccessSize, BusHandler } from '../../../bus/access.js';
import type { IrqLine } from '../../../bus/irq-line.js';
import type { BusMasterState } from './bus-master.js';
import { BusMaster } from './bus-master.js';
import type { GuestMemory } from '../../../memory/guest-memory.js';
import { COMMAND, CONTROL, DEVICE, REGISTER } from './ata.js';
import type { IdeCable, IdeDevice, IdeDeviceState } from './ide-device.js';

export interface IdeChannelState {
  readonly version: 1;
  readonly control: number;
  readonly slaveSelected: boolean;
  readonly busMaster: BusMasterState;
  /** State of each drive, `undefined` where there is none. */
  readonly drives: readonly [IdeDeviceState | undefined, IdeDeviceState | undefined];
}

export type IdeDriveFactory = (memory: GuestMemory, cable: IdeCable) => IdeDevice;

/**
 * One IDE cable with up to two drives: the command block (eight ports), the control block (one port that matters) and
 * the channel's interrupt. Register writes reach both drives; reads, commands and INTRQ are the selected one's
 * (ATA-6, chapter 7). Where no drive answers, registers read as zero.
 */
export class IdeChannel {
  readonly busMaster: BusMaster;
  private readonly drives: readonly [IdeDevice | undefined, IdeDevice | undefined];
  private selected: IdeDevice | undefined;
  private slaveSelected = false;
  private control = 0;
  private asserted = false;

  constructor(
    memory: GuestMemory,
    private readonly irq: IrqLine,
    factories: readonly [IdeDriveFactory | undefined, IdeDriveFactory | undefined],
  ) {
    this.busMaster = new BusMaster(memory, () => {
      for (const drive of this.drives) drive?.dmaStarted();
    });
    const cable: IdeCable = { dma: this.busMaster, interruptChanged: () => this.updateInterrupt() };
    this.drives = [factories[0]?.(memory, cable), factories[1]?.(memory, cable)];
    this.reset();
  }

  /** Ports 1F0h–1F7h or 170h–177h. */
  readonly commandBlock: BusHandler = {
    read: (offset, size) => {
      if (offset === REGISTER.data) return this.selected?.readData(size) ?? 0;
      let value = 0;
      for (let i = 0; i < size; i++) value |= this.readRegister(offset + i) << (8 * i);
      return value >>> 0;
    },
    write: (offset, value, size) => {
      if (offset === REGISTER.data) this.selected?.writeData(value, size);
      else for (let i = 0; i < size; i++) this.writeRegister(offset + i, (value >>> (8 * i)) & 0xff);
    },
  };

  /** Port 3F6h or 376h: alternate status and device control. */
  readonly controlBlock: BusHandler = {
    read: (_offset: number, _size: AccessSize) => this.selected?.taskFile.status ?? 0,
    write: (_offset: number, value: number) => this.writeControl(value & 0xff),
  };

  /** Power-on and board reset. */
  reset(): void {
    this.control = 0;
    this.select(0);
    this.busMaster.reset();
    for (const drive of this.drives) drive?.reset('power');
    this.updateInterrupt();
  }

  saveState(): IdeChannelState {
    const { control, slaveSelected, busMaster, drives } = this;
    return {
      version: 1,
      control,
      slaveSelected,
      busMaster: busMaster.saveState(),
      drives: [drives[0]?.saveState(), drives[1]?.saveState()],
    };
  }

  loadState(state: IdeChannelState): void {
    this.control = state.control;
    this.select(state.slaveSelected ? DEVICE.slave : 0);
    this.busMaster.loadState(state.busMaster);
    this.drives.forEach((drive, i) => {
      const saved = state.drives[i];
      if (saved !== undefined) drive?.loadState(saved);
    });
    this.updateInterrupt();
  }

  private readRegister(register: number): number {
    const drive = this.selected;
    if (drive === undefined || register > REGISTER.status) return 0;
    if (register === REGISTER.status) return drive.readStatus();
    const older = (this.control & CONTROL.highOrderByte) !== 0;
    if (register === REGISTER.error && !older) return drive.taskFile.error;
    return drive.taskFile.read(register, older);
  }

  private writeRegister(register: number, value: number): void {
    // A write to any command block register clears HOB (ATA-6, 6.20).
    this.control &= ~CONTROL.highOrderByte;
    if (register === REGISTER.command) return this.writeCommand(value);
    if (register > REGISTER.command || this.selected?.isOccupied) return;
    for (const drive of this.drives) drive?.taskFile.write(register, value);
    if (register === REGISTER.device) this.select(value);
  }

  private writeCommand(command: number): void {
    if (command === COMMAND.diagnostic) {
      for (const drive of this.drives) drive?.diagnose();
      this.select(0);
    } else this.selected?.execute(command);
  }

  private writeControl(value: number): void {
    const wasReset = (this.control & CONTROL.softReset) !== 0;
    const isReset = (value & CONTROL.softReset) !== 0;
    this.control = value;
    for (const drive of this.drives) {
      if (isReset && !wasReset) drive?.holdReset();
      if (wasReset && !isReset) drive?.reset('soft');
    }
    if (wasReset && !isReset) this.select(0);
    this.updateInterrupt();
  }

  private select(device: number): void {
    this.slaveSelected = (device & DEVICE.slave) !== 0;
    this.selected = this.drives[this.slaveSelected ? 1 : 0];
    this.updateInterrupt();
  }

  private updateInterrupt(): void {
    const enabled = (this.control & CONTROL.interruptDisable) === 0;
    const asserted = enabled && (this.selected?.interrupt ?? false);
    if (asserted === this.asserted) return;
    this.asserted = asserted;
    if (asserted) this.busMaster.interrupt();
    this.irq.set(asserted);
  }
}
