import type { BoardDevice } from '../../../base/stateful.js';
import type { RemovableDrive } from '../../../block/block-device.js';
import type { AccessSize, BusHandler } from '../../../bus/access.js';
import type { IrqLine } from '../../../bus/irq-line.js';
import type { IsaDmaChannel } from '../../../bus/isa-dma.js';
import type { GuestMemory } from '../../../memory/guest-memory.js';
import * as fdc from './fdc.js';
import { FDC_COMMAND as C, MAIN_STATUS, ST0, ST1, ST3 } from './fdc.js';
import { FloppyDrive, type FloppyDriveState } from './floppy-drive.js';
import type { SectorCommand } from './sector-run.js';
import { SectorTransfer, type SectorTransferState, type TransferHost } from './sector-transfer.js';

/** CONFIGURE: data commands seek by themselves. */
const IMPLIED_SEEK = 0x40;
const VERSION_82077AA = 0x90;
const DRIVE_SELECTS = 4;

export interface I82077State {
  readonly version: 1;
  readonly digitalOutput: number;
  readonly dataRate: number;
  readonly tapeDrive: number;
  readonly phase: 'command' | 'execution' | 'result';
  readonly bytes: readonly number[];
  readonly transfer: SectorTransferState;
  readonly interrupt: boolean;
  readonly seekStatus: readonly (number | undefined)[];
  readonly specify: readonly [number, number];
  readonly configuration: readonly [number, number];
  readonly locked: boolean;
  readonly perpendicular: number;
  readonly drives: readonly (FloppyDriveState | undefined)[];
}

/**
 * The diskette controller Intel 82077AA in AT mode, with up to two drives. Head movement and disk rotation take no time;
 * sectors take as long as the medium does. Data go over an ISA DMA channel, or through the FIFO when the host has chosen
 * non-DMA mode with SPECIFY.
 */
export class I82077aa implements BoardDevice<I82077State> {
  private readonly drives: readonly (FloppyDrive | undefined)[];
  private readonly transfer: SectorTransfer;
  private digitalOutput: number = fdc.DIGITAL_OUTPUT.notReset;
  /** Bits 1:0 of CCR and DSR. */
  private dataRate = 2;
  private tapeDrive = 0;
  private phase: I82077State['phase'] = 'command';
  /** Command bytes so far, or result bytes not yet read. */
  private bytes: number[] = [];
  private interrupt = false;
  /** ST0 of each drive's finished seek, and of the poll after a reset, for SENSE INTERRUPT STATUS. */
  private seekStatus: (number | undefined)[] = new Array<undefined>(DRIVE_SELECTS).fill(undefined);
  private specify: readonly [number, number] = [0, 0];
  private configuration: readonly [number, number] = [0, 0];
  private locked = false;
  private perpendicular = 0;
  /** Sector that passes under the head next, for READ ID. */
  private rotation = 0;

  constructor(
    memory: GuestMemory,
    private readonly irq: IrqLine,
    dma: IsaDmaChannel,
    drives: readonly (RemovableDrive | undefined)[],
  ) {
    this.drives = drives.map((drive) => drive && new FloppyDrive(drive));
    this.transfer = new SectorTransfer(memory, dma, this.transferHost());
  }

  /** Ports 3F0h–3F5h. */
  readonly ports: BusHandler = {
    read: (offset: number, size: AccessSize) => {
      let value = 0;
      for (let i = 0; i < size; i++) value |= this.readPort(offset + i) << (8 * i);
      return value >>> 0;
    },
    write: (offset: number, value: number, size: AccessSize) => {
      for (let i = 0; i < size; i++) this.writePort(offset + i, (value >>> (8 * i)) & 0xff);
    },
  };

  /** Port 3F7h, which an AT shares with the IDE channel. */
  readonly inputPort: BusHandler = {
    read: () => this.readPort(fdc.PORT.digitalInput),
    write: (_offset, value) => this.writePort(fdc.PORT.digitalInput, value & 0xff),
  };

  reset(): void {
    this.locked = false;
    this.digitalOutput = 0;
    this.dataRate = 2;
    this.tapeDrive = 0;
    this.specify = [0, 0];
    this.resetController();
    this.digitalOutput = fdc.DIGITAL_OUTPUT.notReset;
  }

  saveState(): I82077State {
    const { digitalOutput, dataRate, tapeDrive, phase, interrupt, specify, configuration, locked, perpendicular } =
      this;
    return {
      ...{
        version: 1,
        digitalOutput,
        dataRate,
        tapeDrive,
        phase,
        interrupt,
        specify,
        configuration,
        locked,
        perpendicular,
      },
      bytes: [...this.bytes],
      transfer: this.transfer.saveState(),
      seekStatus: [...this.seekStatus],
      drives: this.drives.map((drive) => drive?.saveState()),
    };
  }

  loadState(state: I82077State): void {
    this.digitalOutput = state.digitalOutput;
    this.dataRate = state.dataRate;
    this.tapeDrive = state.tapeDrive;
    this.phase = state.phase;
    this.bytes = [...state.bytes];
    this.seekStatus = [...state.seekStatus];
    this.specify = state.specify;
    this.configuration = state.configuration;
    this.locked = state.locked;
    this.perpendicular = state.perpendicular;
    this.drives.forEach((drive, i) => {
      const saved = state.drives[i];
      if (saved !== undefined) drive?.loadState(saved);
    });
    this.setInterrupt(state.interrupt);
    this.transfer.loadState(state.transfer);
  }

  // Registers

  private readPort(port: number): number {
    switch (port) {
      case fdc.PORT.statusA:
        return this.interrupt ? 0x80 : 0;
      case fdc.PORT.statusB:
        return 0xc0;
      case fdc.PORT.digitalOutput:
        return this.digitalOutput;
      case fdc.PORT.tapeDrive:
        return this.tapeDrive;
      case fdc.PORT.mainStatus:
        return this.mainStatus();
      case fdc.PORT.fifo:
        return this.readFifo();
      case fdc.PORT.digitalInput:
        return this.selectedDrive()?.diskChanged === false ? 0 : fdc.DISK_CHANGED;
      default:
        return 0xff;
    }
  }

  private writePort(port: number, value: number): void {
    switch (port) {
      case fdc.PORT.digitalOutput:
        return this.writeDigitalOutput(value);
      case fdc.PORT.tapeDrive:
        this.tapeDrive = value & 3;
        return;
      case fdc.PORT.mainStatus:
        this.dataRate = value & 3;
        if ((value & fdc.DATA_RATE_RESET) !== 0 && !this.inReset) this.resetController();
        return;
      case fdc.PORT.fifo:
        return this.writeFifo(value);
      case fdc.PORT.digitalInput:
        this.dataRate = value & 3;
    }
  }

  private get inReset(): boolean {
    return (this.digitalOutput & fdc.DIGITAL_OUTPUT.notReset) === 0;
  }

  private get nonDma(): boolean {
    return (this.specify[1] & 1) !== 0;
  }

  private mainStatus(): number {
    if (this.inReset) return 0;
    switch (this.phase) {
      case 'command':
        return MAIN_STATUS.ready | (this.bytes.length > 0 ? MAIN_STATUS.commandBusy : 0);
      case 'result':
        return MAIN_STATUS.ready | MAIN_STATUS.toHost | MAIN_STATUS.commandBusy;
      case 'execution':
        return MAIN_STATUS.commandBusy | (this.nonDma ? MAIN_STATUS.nonDma | this.transfer.fifoStatus : 0);
    }
  }

  private writeDigitalOutput(value: number): void {
    const wasInReset = this.inReset;
    this.digitalOutput = value;
    if (this.inReset) this.abandon();
    else if (wasInReset) this.resetController();
    this.updateIrq();
  }

  /** After it the controller has polled its drives and interrupts (82077AA, 4.2). */
  private resetController(): void {
    this.abandon();
    if (!this.locked) this.configuration = [0, 0];
    this.perpendicular = 0;
    if (this.inReset) return;
    this.seekStatus = Array.from({ length: DRIVE_SELECTS }, (_, drive) => ST0.readyChanged | drive);
    this.setInterrupt(true);
  }

  private abandon(): void {
    this.transfer.abandon();
    this.phase = 'command';
    this.bytes = [];
    this.seekStatus.fill(undefined);
    this.setInterrupt(false);
  }

  private setInterrupt(asserted: boolean): void {
    this.interrupt = asserted;
    this.updateIrq();
  }

  /** The DMA gate also gates the interrupt. */
  private updateIrq(): void {
    this.irq.set(this.interrupt && (this.digitalOutput & fdc.DIGITAL_OUTPUT.dmaGate) !== 0);
  }

  private selectedDrive(): FloppyDrive | undefined {
    return this.drives[this.digitalOutput & fdc.DIGITAL_OUTPUT.driveMask];
  }

  // FIFO

  private readFifo(): number {
    if (this.phase === 'execution' && this.nonDma) return this.transfer.readFifo();
    if (this.phase !== 'result') return 0;
    this.setInterrupt(false);
    const value = this.bytes.shift() ?? 0;
    if (this.bytes.length === 0) this.phase = 'command';
    return value;
  }

  private writeFifo(value: number): void {
    if (this.inReset) return;
    if (this.phase === 'execution' && this.nonDma) return this.transfer.writeFifo(value);
    if (this.phase !== 'command') return;
    this.bytes.push(value);
    const shape = fdc.commandShape(this.bytes[0]!);
    if (shape === undefined) return this.finish([ST0.invalid]);
    if (this.bytes.length <= shape.parameters) return;
    const [byte, ...parameters] = this.bytes;
    this.bytes = [];
    this.run(shape.code, byte!, parameters);
  }

  private run(code: number, byte: number, parameters: readonly number[]): void {
    switch (code) {
      case C.readData:
      case C.readDeleted:
      case C.readTrack:
      case C.writeData:
      case C.writeDeleted:
      case C.verify:
        return this.startSectors(sectorCommand(code, byte, parameters));
      case C.formatTrack:
        this.phase = 'execution';
        return this.transfer.startFormat(parameters);
      case C.readId:
        return this.readId(parameters[0]!);
      case C.recalibrate:
        return this.seek(parameters[0]! & 3, 0);
      case C.seek:
        return this.seekCommand(byte, parameters);
      case C.senseInterrupt:
        return this.senseInterrupt();
      case C.senseDrive:
        return this.finish([this.driveStatus(parameters[0]!)]);
      case C.specify:
        this.specify = [parameters[0]!, parameters[1]!];
        return;
      case C.configure:
        this.configuration = [parameters[1]!, parameters[2]!];
        return;
      case C.perpendicular:
        this.perpendicular = parameters[0]!;
        return;
      case C.lock:
        this.locked = (byte & fdc.FLAG.multiTrack) !== 0;
        return this.finish([this.locked ? 0x10 : 0]);
      case C.version:
        return this.finish([VERSION_82077AA]);
      case C.dumpRegisters:
        return this.dumpRegisters();
    }
  }

  private finish(result: readonly number[], options: { readonly interrupts: boolean } = { interrupts: false }): void {
    this.bytes = [...result];
    this.phase = 'result';
    if (options.interrupts) this.setInterrupt(true);
  }

  private startSectors(command: SectorCommand): void {
    this.phase = 'execution';
    if ((this.configuration[0] & IMPLIED_SEEK) !== 0) this.drives[command.drive]?.seek(command.cylinder);
    this.transfer.start(command);
  }

  private transferHost(): TransferHost {
    const dataRate = () => this.dataRate;
    const nonDma = () => this.nonDma;
    return {
      drive: (select) => this.drives[select],
      get dataRate() {
        return dataRate();
      },
      get nonDma() {
        return nonDma();
      },
      setInterrupt: (asserted) => this.setInterrupt(asserted),
      finish: (result) => this.finish(result, { interrupts: true }),
    };
  }

  // Commands that move no data

  private seekCommand(byte: number, [select, cylinder]: readonly number[]): void {
    const drive = select! & 3;
    const relative = (byte & 0x80) !== 0;
    if (!relative) return this.seek(drive, cylinder!);
    const from = this.drives[drive]?.cylinder ?? 0;
    this.seek(drive, (byte & 0x40) !== 0 ? from + cylinder! : from - cylinder!);
  }

  private seek(select: number, cylinder: number): void {
    const drive = this.drives[select];
    drive?.seek(cylinder);
    // Without a drive the track 0 signal never comes.
    this.seekStatus[select] = (drive ? 0 : ST0.abnormal | ST0.equipmentCheck) | ST0.seekEnd | select;
    this.phase = 'command';
    this.setInterrupt(true);
  }

  private senseInterrupt(): void {
    const select = this.seekStatus.findIndex((status) => status !== undefined);
    if (select < 0) return this.finish([ST0.invalid]);
    const status = this.seekStatus[select]!;
    this.seekStatus[select] = undefined;
    this.setInterrupt(false);
    this.finish([status, this.drives[select]?.cylinder ?? 0]);
  }

  private driveStatus(select: number): number {
    const drive = this.drives[select & 3];
    if (drive === undefined) return select & 7;
    const protectedBit = drive.medium?.info.readonly ? ST3.writeProtected : 0;
    return (select & 7) | ST3.ready | ST3.twoSides | protectedBit | (drive.cylinder === 0 ? ST3.track0 : 0);
  }

  private dumpRegisters(): void {
    const cylinders = Array.from({ length: DRIVE_SELECTS }, (_, i) => this.drives[i]?.cylinder ?? 0);
    const lock = (this.locked ? 0x80 : 0) | (this.perpendicular & 0x3f);
    this.finish([...cylinders, ...this.specify, 0, lock, ...this.configuration]);
  }

  private readId(select: number): void {
    const drive = this.drives[select & 3];
    const head = (select >> 2) & 1;
    const geometry = drive?.geometry;
    const at = { cylinder: drive?.cylinder ?? 0, head, sector: 1 };
    if (!drive?.canReadAt(this.dataRate) || !geometry || head >= geometry.heads || drive.cylinder >= geometry.tracks) {
      return this.transfer.finish(select & 3, at, ST0.abnormal, ST1.missingAddress);
    }
    this.rotation = (this.rotation % geometry.sectors) + 1;
    this.transfer.finish(select & 3, { ...at, sector: this.rotation }, 0, 0);
  }
}

function sectorCommand(code: number, byte: number, parameters: readonly number[]): SectorCommand {
  const [select, cylinder, head, sector, sizeCode, endOfTrack] = parameters as [number, number, number, number, number, number]; // prettier-ignore
  const writes = code === C.writeData || code === C.writeDeleted;
  return {
    drive: select & 3,
    cylinder,
    head: head & 1,
    // READ TRACK starts at the index hole.
    sector: code === C.readTrack ? 1 : sector,
    kind: writes ? 'write' : code === C.verify ? 'verify' : 'read',
    multiTrack: (byte & fdc.FLAG.multiTrack) !== 0,
    endOfTrack,
    sizeCode,
    deleted: code === C.readDeleted,
  };
}
