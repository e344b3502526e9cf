import { SECTOR_BYTES, type BlockStatus } from '../../../block/block-device.js';
import type { IsaDmaChannel } from '../../../bus/isa-dma.js';
import type { GuestMemory } from '../../../memory/guest-memory.js';
import { MAIN_STATUS, ST0, ST1, ST2 } from './fdc.js';
import type { FloppyDrive } from './floppy-drive.js';
import { nextSectorId, sectorNumber, sectorsOnTrack, type SectorCommand, type SectorId } from './sector-run.js';

/** A track of the densest format, or the sector IDs FORMAT TRACK takes. */
const BUFFER_BYTES = 64 * SECTOR_BYTES;
export const SECTOR_SIZE_CODE = 2;
/** FORMAT TRACK: cylinder, head, sector and size code of each sector. */
const SECTOR_ID_BYTES = 4;

/** What the execution phase does; bytes move between host and buffer, or buffer and medium. */
export interface Execution {
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

/** What the controller is to the command that moves sectors. */
export interface TransferHost {
  drive(select: number): FloppyDrive | undefined;
  /** Bits 1:0 of CCR. */
  readonly dataRate: number;
  /** Bytes go through the FIFO. */
  readonly nonDma: boolean;
  setInterrupt(asserted: boolean): void;
  /** Ends the command with ST0–ST2 and the sector ID. */
  finish(result: readonly number[]): void;
}

export interface SectorTransferState {
  readonly execution: Execution | undefined;
  readonly buffer: Uint8Array;
}

/**
 * The execution phase of the commands that move sectors: takes a track's worth at a time between the medium and a
 * buffer, and between the buffer and the host, by DMA or through the FIFO.
 */
export class SectorTransfer {
  private readonly buffer: number;
  private execution: Execution | undefined;
  /** Grows when a command is given up, so that what its medium still answers is recognised. */
  private generation = 0;

  constructor(
    private readonly memory: GuestMemory,
    private readonly dma: IsaDmaChannel,
    private readonly host: TransferHost,
  ) {
    this.buffer = memory.allocate(BUFFER_BYTES);
    dma.onReady(() => this.dmaReady());
  }

  /** Main status bits that say which way the FIFO is ready in non-DMA mode. */
  get fifoStatus(): number {
    if (this.execution?.stage === 'to-host') return MAIN_STATUS.ready | MAIN_STATUS.toHost;
    return this.execution?.stage === 'from-host' ? MAIN_STATUS.ready : 0;
  }

  abandon(): void {
    this.generation++;
    this.execution = undefined;
  }

  readFifo(): number {
    return this.execution?.stage === 'to-host' ? this.fifoToHost(this.execution) : 0;
  }

  writeFifo(value: number): void {
    if (this.execution?.stage === 'from-host') this.fifoFromHost(this.execution, value);
  }

  saveState(): SectorTransferState {
    const buffer = this.execution ? this.bufferBytes(BUFFER_BYTES).slice() : new Uint8Array();
    return { execution: this.execution && { ...this.execution }, buffer };
  }

  loadState(state: SectorTransferState): void {
    this.generation++;
    this.execution = state.execution && { ...state.execution };
    this.memory.bytes.set(state.buffer.subarray(0, BUFFER_BYTES), this.buffer);
    if (this.execution?.stage === 'reading') this.readRun(this.execution);
    if (this.execution?.stage === 'writing') this.writeRun(this.execution);
  }

  start(command: SectorCommand): void {
    const at = { cylinder: command.cylinder, head: command.head, sector: command.sector };
    const execution = newExecution(command, command.drive, at, 'reading');
    this.execution = execution;
    this.startRun(execution, command);
  }

  /** Begins with the sectors from `at` to the end of its track. */
  private startRun(execution: Execution, command: SectorCommand): void {
    const problem = this.sectorProblem(command, execution.at);
    if (problem !== undefined) return this.finish(command.drive, execution.at, ST0.abnormal, problem[0], problem[1]);
    const geometry = this.host.drive(command.drive)!.geometry!;
    execution.sectors = sectorsOnTrack(geometry, execution.at.sector, command.endOfTrack);
    execution.bytes = execution.sectors * SECTOR_BYTES;
    execution.moved = 0;
    if (command.kind === 'write') this.takeFromHost(execution);
    else this.readRun(execution);
  }

  /** ST1 and ST2 that say why the sector cannot be had, or `undefined`. */
  private sectorProblem(command: SectorCommand, at: SectorId): readonly [number, number] | undefined {
    const drive = this.host.drive(command.drive);
    const geometry = drive?.geometry;
    if (!drive || !geometry || !drive.canReadAt(this.host.dataRate)) return [ST1.missingAddress, 0];
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
      if (status !== 'ok') return this.finish(command!.drive, execution.at, ST0.abnormal, ST1.dataError);
      if (command!.kind === 'verify') return this.runDone(execution, execution.sectors, false);
      execution.stage = 'to-host';
      if (this.host.nonDma) this.host.setInterrupt(true);
      else this.giveByDma(execution);
    });
  }

  private takeFromHost(execution: Execution): void {
    execution.stage = 'from-host';
    if (this.host.nonDma) this.host.setInterrupt(true);
    else this.takeByDma(execution);
  }

  private dmaReady(): void {
    const { execution } = this;
    if (execution === undefined || this.host.nonDma) return;
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
    this.host.setInterrupt(false);
    const value = this.memory.bytes[this.buffer + execution.moved++]!;
    if (execution.moved === execution.bytes) this.givenToHost(execution, false);
    return value;
  }

  private fifoFromHost(execution: Execution, value: number): void {
    this.host.setInterrupt(false);
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
    if (terminalCount) return this.finish(command.drive, next, 0, 0, mark, side);
    const hasMore = last.sector < command.endOfTrack || (command.multiTrack && last.head === 0);
    if (!hasMore) {
      // VERIFY counts sectors itself and ends well at the last one.
      const ended: readonly [number, number] = command.kind === 'verify' ? [0, 0] : [ST0.abnormal, ST1.endOfCylinder];
      return this.finish(command.drive, next, ended[0], ended[1], mark, side);
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
    const drive = this.host.drive(execution.drive);
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

  /** Ends a command. @param side the head that was last used, where the sector reported is on the other side */
  finish(drive: number, at: SectorId, st0: number, st1: number, st2 = 0, side = at.head): void {
    const id = [at.cylinder, at.head, at.sector, SECTOR_SIZE_CODE];
    this.execution = undefined;
    this.host.finish([st0 | (side << 2) | drive, st1, st2, ...id]);
  }

  /** Takes four bytes of ID for each sector, then fills the sectors. */
  startFormat([select, sizeCode, sectors, , filler]: readonly number[]): void {
    const drive = this.host.drive(select! & 3);
    const at = { cylinder: drive?.cylinder ?? 0, head: (select! >> 2) & 1, sector: 1 };
    const geometry = drive?.geometry;
    const fits = geometry && sizeCode === SECTOR_SIZE_CODE && sectors! > 0 && sectors! <= geometry.sectors;
    if (!fits || at.head >= geometry.heads || at.cylinder >= geometry.tracks || !drive.canReadAt(this.host.dataRate)) {
      return this.finish(select! & 3, at, ST0.abnormal, ST1.missingAddress);
    }
    if (drive.medium!.info.readonly) return this.finish(select! & 3, at, ST0.abnormal, ST1.notWritable);
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
    if (status === 'ok') this.finish(drive, at, 0, 0);
    else this.finish(drive, at, ST0.abnormal, writeError(status));
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
