import type { BoardDevice } from '../../../base/stateful.js';
import { SECTOR_BYTES, type BlockStatus, type RemovableDrive } from '../../../block/block-device.js';
import type { AccessSize, BusHandler } from '../../../bus/access.js';
import type { IrqLine } from '../../../bus/irq-line.js';
import type { IsaDmaChannel } from '../../../bus/isa-dma.js';
import type { GuestMemory } from '../../../memory/guest-memory.js';
import * as fdc from './fdc.js';
import { FDC_COMMAND as C, MAIN_STATUS, ST0, ST1, ST2, ST3 } from './fdc.js';
import { FloppyDrive, type FloppyDriveState } from './floppy-drive.js';
import { nextSectorId, sectorNumber, sectorsOnTrack, type SectorCommand, type SectorId } from './sector-run.js';

/** A track of the densest format, or the sector IDs FORMAT TRACK takes. */
const BUFFER_BYTES = 64 * SECTOR_BYTES;
const SECTOR_SIZE_CODE = 2;
/** FORMAT TRACK: cylinder, head, sector and size code of each sector. */
const SECTOR_ID_BYTES = 4;
const VERSION_82077AA = 0x90;
const DRIVE_SELECTS = 4;

/** What the execution phase does; bytes move between host and buffer, or buffer and medium. */
interface Execution {
  /** `undefined` for FORMAT TRACK. */
  readonly command: SectorCommand | undefined;
  readonly drive: number;
  /** FORMAT TRACK: byte to fill sectors with. */
  readonly filler: number;
  /** First sector of the run in the buffer. */
  at: SectorId;
  /** Sectors of the run. */
  sectors: number;
  /** Bytes of the run, and how many of them the host has given or taken. */
  bytes: number;
  moved: number;
  /** The host's DMA count ran out: what the buffer holds is the end. */
  terminalCount: boolean;
  stage: 'from-host' | 'to-host' | 'reading' | 'writing';
}

export interface I82077State {
  readonly version: 1;
  readonly digitalOutput: number;
  readonly dataRate: number;
  readonly tapeDrive: number;
  readonly phase: 'command' | 'execution' | 'result';
  readonly bytes: readonly number[];
  readonly execution: Execution | undefined;
  readonly buffer: Uint8Array;
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
  private readonly buffer: number;
  private digitalOutput: number = fdc.DIGITAL_OUTPUT.notReset;
  /** Bits 1:0 of CCR and DSR. */
  private dataRate = 2;
  private tapeDrive = 0;
  private phase: I82077State['phase'] = 'command';
  /** Command bytes so far, or result bytes not yet read. */
  private bytes: number[] = [];
  private execution: Execution | undefined;
  private interrupt = false;
  /** ST0 of each drive's finished seek, and of the poll after a reset, for SENSE INTERRUPT STATUS. */
  private seekStatus: (number | undefined)[] = new Array<undefined>(DRIVE_SELECTS).fill(undefined);
  private specify: readonly [number, number] = [0, 0];
  private configuration: readonly [number, number] = [0, 0];
  private locked = false;
  private perpendicular = 0;
  private generation = 0;
  /** Sector that passes under the head next, for READ ID. */
  private rotation = 0;

  constructor(
    private readonly memory: GuestMemory,
    private readonly irq: IrqLine,
    private readonly dma: IsaDmaChannel,
    drives: readonly (RemovableDrive | undefined)[],
  ) {
    this.buffer = memory.allocate(BUFFER_BYTES);
    this.drives = drives.map((drive) => drive && new FloppyDrive(drive));
    dma.onReady(() => this.dmaReady());
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
    const buffer = this.execution ? this.bufferBytes(BUFFER_BYTES).slice() : new Uint8Array();
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
      execution: this.execution && { ...this.execution },
      buffer,
      seekStatus: [...this.seekStatus],
      drives: this.drives.map((drive) => drive?.saveState()),
    };
  }

  loadState(state: I82077State): void {
    this.generation++;
    this.digitalOutput = state.digitalOutput;
    this.dataRate = state.dataRate;
    this.tapeDrive = state.tapeDrive;
    this.phase = state.phase;
    this.bytes = [...state.bytes];
    this.execution = state.execution && { ...state.execution };
    this.memory.bytes.set(state.buffer.subarray(0, BUFFER_BYTES), this.buffer);
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
    if (this.execution?.stage === 'reading') this.readRun(this.execution);
    if (this.execution?.stage === 'writing') this.writeRun(this.execution);
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
        return MAIN_STATUS.commandBusy | (this.nonDma ? MAIN_STATUS.nonDma | this.fifoStatus() : 0);
    }
  }

  /** Which way the FIFO is ready in the execution phase of non-DMA mode. */
  private fifoStatus(): number {
    if (this.execution?.stage === 'to-host') return MAIN_STATUS.ready | MAIN_STATUS.toHost;
    return this.execution?.stage === 'from-host' ? MAIN_STATUS.ready : 0;
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
    this.generation++;
    this.phase = 'command';
    this.bytes = [];
    this.execution = undefined;
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
    if (this.phase === 'execution' && this.nonDma && this.execution?.stage === 'to-host') {
      return this.fifoToHost(this.execution);
    }
    if (this.phase !== 'result') return 0;
    this.setInterrupt(false);
    const value = this.bytes.shift() ?? 0;
    if (this.bytes.length === 0) this.phase = 'command';
    return value;
  }

  private writeFifo(value: number): void {
    if (this.inReset) return;
    if (this.phase === 'execution' && this.nonDma && this.execution?.stage === 'from-host') {
      return this.fifoFromHost(this.execution, value);
    }
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
        return this.startFormat(parameters);
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
    this.execution = undefined;
    this.bytes = [...result];
    this.phase = 'result';
    if (options.interrupts) this.setInterrupt(true);
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
      return this.finishSectors(select & 3, at, ST0.abnormal, ST1.missingAddress);
    }
    this.rotation = (this.rotation % geometry.sectors) + 1;
    this.finishSectors(select & 3, { ...at, sector: this.rotation }, 0, 0);
  }

  // Commands that move sectors

  private startSectors(command: SectorCommand): void {
    this.phase = 'execution';
    const drive = this.drives[command.drive];
    if (drive && (this.configuration[0] & 0x40) !== 0) drive.seek(command.cylinder);
    const at = { cylinder: command.cylinder, head: command.head, sector: command.sector };
    const execution = newExecution(command, command.drive, at, 'reading');
    this.execution = execution;
    this.startRun(execution, command);
  }

  /** Begins with the sectors from `at` to the end of its track. */
  private startRun(execution: Execution, command: SectorCommand): void {
    const problem = this.sectorProblem(command, execution.at);
    if (problem !== undefined)
      return this.finishSectors(command.drive, execution.at, ST0.abnormal, problem[0], problem[1]);
    const geometry = this.drives[command.drive]!.geometry!;
    execution.sectors = sectorsOnTrack(geometry, execution.at.sector, command.endOfTrack);
    execution.bytes = execution.sectors * SECTOR_BYTES;
    execution.moved = 0;
    if (command.kind === 'write') this.takeFromHost(execution);
    else this.readRun(execution);
  }

  /** ST1 and ST2 that say why the sector cannot be had, or `undefined`. */
  private sectorProblem(command: SectorCommand, at: SectorId): readonly [number, number] | undefined {
    const drive = this.drives[command.drive];
    const geometry = drive?.geometry;
    if (!drive || !geometry || !drive.canReadAt(this.dataRate)) return [ST1.missingAddress, 0];
    if (at.head >= geometry.heads || drive.cylinder >= geometry.tracks) return [ST1.missingAddress, 0];
    if (at.cylinder !== drive.cylinder) return [ST1.noData, ST2.wrongCylinder];
    if (command.sizeCode !== SECTOR_SIZE_CODE || at.sector === 0 || at.sector > geometry.sectors)
      return [ST1.noData, 0];
    if (at.sector > command.endOfTrack) return [ST1.noData, 0];
    if (command.kind === 'write' && drive.medium!.info.readonly) return [ST1.notWritable, 0];
    return undefined;
  }

  private readRun(execution: Execution): void {
    execution.stage = 'reading';
    this.requestRun(execution, 'read', execution.sectors, (status) => {
      const { command } = execution;
      if (status !== 'ok') return this.finishSectors(command!.drive, execution.at, ST0.abnormal, ST1.dataError);
      if (command!.kind === 'verify') return this.runDone(execution, execution.sectors, false);
      execution.stage = 'to-host';
      if (this.nonDma) this.setInterrupt(true);
      else this.giveByDma(execution);
    });
  }

  private takeFromHost(execution: Execution): void {
    execution.stage = 'from-host';
    if (this.nonDma) this.setInterrupt(true);
    else this.takeByDma(execution);
  }

  private dmaReady(): void {
    const { execution } = this;
    if (execution === undefined || this.nonDma) return;
    if (execution.stage === 'to-host') this.giveByDma(execution);
    if (execution.stage === 'from-host') this.takeByDma(execution);
  }

  private giveByDma(execution: Execution): void {
    const rest = this.bufferBytes(execution.bytes).subarray(execution.moved);
    const { moved, terminalCount } = this.dma.toMemory(rest);
    execution.moved += moved;
    if (terminalCount || execution.moved === execution.bytes) this.givenToHost(execution, terminalCount);
  }

  private takeByDma(execution: Execution): void {
    const rest = this.bufferBytes(execution.bytes).subarray(execution.moved);
    const { moved, terminalCount } = this.dma.fromMemory(rest);
    execution.moved += moved;
    if (terminalCount || execution.moved === execution.bytes) this.takenFromHost(execution, terminalCount);
  }

  private fifoToHost(execution: Execution): number {
    this.setInterrupt(false);
    const value = this.memory.bytes[this.buffer + execution.moved++]!;
    if (execution.moved === execution.bytes) this.givenToHost(execution, false);
    return value;
  }

  private fifoFromHost(execution: Execution, value: number): void {
    this.setInterrupt(false);
    this.memory.bytes[this.buffer + execution.moved++] = value;
    if (execution.moved === execution.bytes) this.takenFromHost(execution, false);
  }

  private givenToHost(execution: Execution, terminalCount: boolean): void {
    this.runDone(execution, Math.max(1, Math.ceil(execution.moved / SECTOR_BYTES)), terminalCount);
  }

  private takenFromHost(execution: Execution, terminalCount: boolean): void {
    if (execution.command === undefined) return this.formatTrack(execution);
    const sectors = Math.max(1, Math.ceil(execution.moved / SECTOR_BYTES));
    // A sector the host did not finish is filled up with zeros (82077AA, 5.1.4).
    this.bufferBytes(sectors * SECTOR_BYTES).fill(0, execution.moved);
    execution.sectors = sectors;
    execution.terminalCount = terminalCount;
    this.writeRun(execution);
  }

  private writeRun(execution: Execution): void {
    execution.stage = 'writing';
    this.requestRun(execution, 'write', execution.sectors, (status) => {
      if (execution.command === undefined || status !== 'ok') return this.writeEnded(execution, status);
      this.runDone(execution, execution.sectors, execution.terminalCount);
    });
  }

  /** The first `sectors` of the run are done: ends the command, or goes on with the other side of the diskette. */
  private runDone(execution: Execution, sectors: number, terminalCount: boolean): void {
    const command = execution.command!;
    const last = { ...execution.at, sector: execution.at.sector + sectors - 1 };
    const next = nextSectorId(last, command.endOfTrack, command.multiTrack);
    const mark = command.deleted ? ST2.controlMark : 0;
    const side = last.head;
    if (terminalCount) return this.finishSectors(command.drive, next, 0, 0, mark, side);
    const hasMore = last.sector < command.endOfTrack || (command.multiTrack && last.head === 0);
    if (!hasMore) {
      // VERIFY counts sectors itself and ends well at the last one.
      const ended: readonly [number, number] = command.kind === 'verify' ? [0, 0] : [ST0.abnormal, ST1.endOfCylinder];
      return this.finishSectors(command.drive, next, ended[0], ended[1], mark, side);
    }
    execution.at = next;
    this.startRun(execution, command);
  }

  private requestRun(
    execution: Execution,
    op: 'read' | 'write',
    count: number,
    done: (status: BlockStatus) => void,
  ): void {
    const drive = this.drives[execution.drive];
    const { medium, geometry } = drive ?? {};
    if (medium === undefined || geometry === undefined) return done('no-medium');
    const { generation } = this;
    medium.submit({
      op,
      sector: sectorNumber(geometry, execution.at),
      count,
      segments: [{ offset: this.buffer, length: count * SECTOR_BYTES }],
      onDone: (status) => {
        if (generation === this.generation) done(status);
      },
    });
  }

  /** @param side the head that was last used, where the sector reported is on the other side */
  private finishSectors(drive: number, at: SectorId, st0: number, st1: number, st2 = 0, side = at.head): void {
    const id = [at.cylinder, at.head, at.sector, SECTOR_SIZE_CODE];
    this.finish([st0 | (side << 2) | drive, st1, st2, ...id], { interrupts: true });
  }

  // FORMAT TRACK

  /** Takes four bytes of ID for each sector, then fills the sectors. */
  private startFormat([select, sizeCode, sectors, , filler]: readonly number[]): void {
    this.phase = 'execution';
    const drive = this.drives[select! & 3];
    const at = { cylinder: drive?.cylinder ?? 0, head: (select! >> 2) & 1, sector: 1 };
    const geometry = drive?.geometry;
    const fits = geometry && sizeCode === SECTOR_SIZE_CODE && sectors! > 0 && sectors! <= geometry.sectors;
    if (!fits || at.head >= geometry.heads || at.cylinder >= geometry.tracks || !drive.canReadAt(this.dataRate)) {
      return this.finishSectors(select! & 3, at, ST0.abnormal, ST1.missingAddress);
    }
    if (drive.medium!.info.readonly) return this.finishSectors(select! & 3, at, ST0.abnormal, ST1.notWritable);
    const execution = newExecution(undefined, select! & 3, at, 'from-host', filler);
    execution.sectors = sectors!;
    execution.bytes = sectors! * SECTOR_ID_BYTES;
    this.execution = execution;
    this.takeFromHost(execution);
  }

  private formatTrack(execution: Execution): void {
    this.bufferBytes(execution.sectors * SECTOR_BYTES).fill(execution.filler);
    this.writeRun(execution);
  }

  /** FORMAT TRACK has ended, or any write has failed. */
  private writeEnded({ drive, at }: Execution, status: BlockStatus): void {
    if (status === 'ok') this.finishSectors(drive, at, 0, 0);
    else this.finishSectors(drive, at, ST0.abnormal, writeError(status));
  }

  private bufferBytes(length: number): Uint8Array {
    return this.memory.bytes.subarray(this.buffer, this.buffer + length);
  }
}

function newExecution(
  command: SectorCommand | undefined,
  drive: number,
  at: SectorId,
  stage: Execution['stage'],
  filler = 0,
): Execution {
  return { command, drive, filler, at, sectors: 0, bytes: 0, moved: 0, terminalCount: false, stage };
}

function writeError(status: BlockStatus): number {
  return status === 'read-only' ? ST1.notWritable : ST1.dataError;
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
