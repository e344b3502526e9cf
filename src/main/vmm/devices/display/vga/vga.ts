import type { BoardDevice } from '../../../base/stateful.js';
import type { AccessSize, BusHandler } from '../../../bus/access.js';
import type { Clock } from '../../../time/clock.js';
import { Dispi } from '../dispi.js';
import type { DisplaySource } from '../display-source.js';
import { DisplayStateWriter, General, type DisplayRegisters } from '../display-state.js';
import { CrtTiming } from './crt-timing.js';
import { Dac, type DacState } from './dac.js';
import { PlanarMemory } from './planar-memory.js';
import {
  ATTRIBUTE_MASKS,
  Crtc,
  CRTC_COUNT,
  CRTC_PROTECT,
  FIRST_PORT,
  GRAPHICS_MASKS,
  Misc,
  OVERFLOW_LINE_COMPARE,
  Port,
  SEQUENCER_MASKS,
  STATUS0_SENSE,
} from './registers.js';

/** Everything of the adapter a snapshot needs but video memory itself. */
export interface VgaState {
  readonly version: 1;
  readonly misc: number;
  readonly videoEnable: boolean;
  readonly pelMask: number;
  readonly featureControl: number;
  readonly sequencer: readonly number[];
  readonly crtc: readonly number[];
  readonly graphics: readonly number[];
  readonly attribute: readonly number[];
  readonly dispi: readonly number[];
  readonly palette: Uint8Array;
  readonly dac: DacState;
  readonly indices: {
    readonly sequencer: number;
    readonly crtc: number;
    readonly graphics: number;
    readonly attribute: number;
    readonly dispi: number;
  };
  /** The next write to 3C0h is data. */
  readonly attributeData: boolean;
  readonly latch: number;
}

export interface VgaOptions extends Pick<DisplaySource, 'videoMemory' | 'stateOffset'> {
  /** The machine's shared memory. */
  readonly buffer: ArrayBufferLike;
  readonly clock: Clock;
}

/** Offset from A0000h where the DISPI bank window ends. */
const BANK_WINDOW_BYTES = 0x1_0000;

/**
 * An IBM VGA with the Bochs VBE extension, as the guest's processor sees it. Knows nothing of buses and PCI: the board
 * maps {@link ports} at 3B0h, {@link dispiPorts} at 1CEh and {@link window} at A0000h.
 *
 * Source: IBM PS/2 Hardware Interface Technical Reference, "Video Subsystem" (May 1988).
 */
export class Vga implements BoardDevice<VgaState> {
  /** Ports 3B0h–3DFh. */
  readonly ports: BusHandler;
  /** Ports 1CEh (index) and 1CFh, 1D0h (data), 16 bits wide. */
  readonly dispiPorts: BusHandler;
  /** A0000h–BFFFFh. */
  readonly window: BusHandler;
  readonly videoMemory: Uint8Array;

  private readonly clock: Clock;
  private readonly state: DisplayStateWriter;
  private readonly registers: DisplayRegisters;
  private readonly planar: PlanarMemory;
  private readonly dac: Dac;
  private readonly dispi: Dispi;
  private readonly timing = new CrtTiming();

  private sequencerIndex = 0;
  private crtcIndex = 0;
  private graphicsIndex = 0;
  private attributeIndex = 0;
  private dispiIndex = 0;
  private attributeData = false;
  private featureControl = 0;
  private timingStale = true;
  private banked = false;

  constructor({ buffer, clock, videoMemory, stateOffset }: VgaOptions) {
    this.clock = clock;
    this.videoMemory = new Uint8Array(buffer, videoMemory.offset, videoMemory.length);
    this.state = new DisplayStateWriter(buffer, stateOffset);
    this.registers = this.state.registers;
    this.planar = new PlanarMemory(buffer, videoMemory.offset, this.state);
    this.dac = new Dac(this.state);
    this.dispi = new Dispi(this.state, this.videoMemory, () => this.modeChanged());
    this.ports = {
      read: (offset, size) => this.readPorts(FIRST_PORT + offset, size),
      write: (offset, value, size) => this.writePorts(FIRST_PORT + offset, value, size),
    };
    this.dispiPorts = {
      read: (offset) => (offset === 0 ? this.dispiIndex : this.dispi.read(this.dispiIndex)),
      write: (offset, value) => {
        if (offset === 0) this.dispiIndex = value & 0xffff;
        else this.dispi.write(this.dispiIndex, value & 0xffff);
      },
    };
    this.window = {
      read: (offset, size) => this.readWindow(offset, size),
      write: (offset, value, size) => this.writeWindow(offset, value, size),
    };
    this.reset();
  }

  /** Power-on and bus reset. Video memory keeps its content. */
  reset(): void {
    const r = this.registers;
    this.state.begin();
    for (const group of [r.general, r.sequencer, r.crtc, r.graphics, r.attribute, r.dac]) group.fill(0);
    r.general[General.pelMask] = 0xff;
    this.dispi.reset();
    this.state.end();
    this.sequencerIndex = this.crtcIndex = this.graphicsIndex = this.attributeIndex = this.dispiIndex = 0;
    this.attributeData = false;
    this.featureControl = 0;
    this.planar.latchWord = 0;
    this.dac.setWriteIndex(0);
    this.modeChanged();
  }

  /** DISPI register by index, for the MMIO BAR. */
  readDispi(index: number): number {
    return this.dispi.read(index);
  }

  writeDispi(index: number, value: number): void {
    this.dispi.write(index, value & 0xffff);
  }

  readPort(port: number): number {
    if (!this.answers(port)) return 0xff;
    const r = this.registers;
    switch (port) {
      case Port.attribute:
        return this.attributeIndex | (r.general[General.videoEnable]! ? 0x20 : 0);
      case Port.attributeRead:
        return r.attribute[this.attributeIndex]!;
      case Port.miscWrite:
        return STATUS0_SENSE;
      case Port.videoSubsystemEnable:
        return 1;
      case Port.sequencerIndex:
        return this.sequencerIndex;
      case Port.sequencerData:
        return r.sequencer[this.sequencerIndex]!;
      case Port.pelMask:
        return r.general[General.pelMask]!;
      case Port.dacReadIndex:
        return this.dac.accessState;
      case Port.dacWriteIndex:
        return this.dac.writeIndex;
      case Port.dacData:
        return this.dac.readData();
      case Port.featureRead:
        return this.featureControl;
      case Port.miscRead:
        return r.general[General.misc]!;
      case Port.graphicsIndex:
        return this.graphicsIndex;
      case Port.graphicsData:
        return r.graphics[this.graphicsIndex]!;
      case Port.crtcIndex:
      case Port.crtcIndexMono:
        return this.crtcIndex;
      case Port.crtcData:
      case Port.crtcDataMono:
        return this.crtcIndex < CRTC_COUNT ? r.crtc[this.crtcIndex]! : 0;
      case Port.status1:
      case Port.status1Mono:
        return this.readStatus1();
      default:
        return 0xff;
    }
  }

  writePort(port: number, value: number): void {
    if (!this.answers(port)) return;
    switch (port) {
      case Port.attribute:
        return this.writeAttribute(value);
      case Port.miscWrite:
        this.set(this.registers.general, General.misc, value);
        return this.modeChanged();
      case Port.sequencerIndex:
        this.sequencerIndex = value & 7;
        return;
      case Port.sequencerData:
        return this.writeSequencer(value);
      case Port.pelMask:
        return this.set(this.registers.general, General.pelMask, value);
      case Port.dacReadIndex:
        return this.dac.setReadIndex(value);
      case Port.dacWriteIndex:
        return this.dac.setWriteIndex(value);
      case Port.dacData:
        return this.dac.writeData(value);
      case Port.graphicsIndex:
        this.graphicsIndex = value & 0x0f;
        return;
      case Port.graphicsData:
        return this.writeGraphics(value);
      case Port.crtcIndex:
      case Port.crtcIndexMono:
        this.crtcIndex = value & 0x3f;
        return;
      case Port.crtcData:
      case Port.crtcDataMono:
        return this.writeCrtc(value);
      case Port.status1:
      case Port.status1Mono:
        this.featureControl = value & 3;
        return;
      default:
    }
  }

  saveState(): VgaState {
    const r = this.registers;
    return {
      version: 1,
      misc: r.general[General.misc]!,
      videoEnable: r.general[General.videoEnable] !== 0,
      pelMask: r.general[General.pelMask]!,
      featureControl: this.featureControl,
      sequencer: [...r.sequencer],
      crtc: [...r.crtc],
      graphics: [...r.graphics],
      attribute: [...r.attribute],
      dispi: [...r.dispi],
      palette: r.dac.slice(),
      dac: this.dac.saveState(),
      indices: {
        sequencer: this.sequencerIndex,
        crtc: this.crtcIndex,
        graphics: this.graphicsIndex,
        attribute: this.attributeIndex,
        dispi: this.dispiIndex,
      },
      attributeData: this.attributeData,
      latch: this.planar.latchWord,
    };
  }

  loadState(saved: VgaState): void {
    const r = this.registers;
    this.state.begin();
    r.general[General.misc] = saved.misc;
    r.general[General.videoEnable] = saved.videoEnable ? 1 : 0;
    r.general[General.pelMask] = saved.pelMask;
    restore(r.sequencer, saved.sequencer);
    restore(r.crtc, saved.crtc);
    restore(r.graphics, saved.graphics);
    restore(r.attribute, saved.attribute);
    restore(r.dac, saved.palette);
    this.dispi.restore(saved.dispi);
    this.state.end();
    this.featureControl = saved.featureControl & 3;
    this.sequencerIndex = saved.indices.sequencer & 7;
    this.crtcIndex = saved.indices.crtc & 0x3f;
    this.graphicsIndex = saved.indices.graphics & 0x0f;
    this.attributeIndex = saved.indices.attribute & 0x1f;
    this.dispiIndex = saved.indices.dispi & 0xffff;
    this.attributeData = saved.attributeData;
    this.dac.loadState(saved.dac);
    this.planar.latchWord = saved.latch;
    this.state.windowWritten();
    this.modeChanged();
  }

  /** CRTC and status 1 answer at 3Dx or 3Bx, as the miscellaneous output register says. */
  private answers(port: number): boolean {
    const color = (this.registers.general[General.misc]! & Misc.colorAddress) !== 0;
    if (port >= 0x3b0 && port < 0x3c0) return !color;
    return port < 0x3d0 || color;
  }

  private readStatus1(): number {
    this.attributeData = false;
    if (this.timingStale) {
      this.timing.update(this.registers);
      this.timingStale = false;
    }
    return this.timing.status1(this.clock.nowNs());
  }

  private writeAttribute(value: number): void {
    this.attributeData = !this.attributeData;
    if (this.attributeData) {
      this.attributeIndex = value & 0x1f;
      this.set(this.registers.general, General.videoEnable, value & 0x20 ? 1 : 0);
      return;
    }
    const mask = ATTRIBUTE_MASKS[this.attributeIndex];
    if (mask !== undefined) this.set(this.registers.attribute, this.attributeIndex, value & mask);
  }

  private writeSequencer(value: number): void {
    const mask = SEQUENCER_MASKS[this.sequencerIndex];
    if (mask === undefined) return;
    this.set(this.registers.sequencer, this.sequencerIndex, value & mask);
    this.modeChanged();
  }

  private writeGraphics(value: number): void {
    const mask = GRAPHICS_MASKS[this.graphicsIndex];
    if (mask === undefined) return;
    this.set(this.registers.graphics, this.graphicsIndex, value & mask);
    this.planar.update();
  }

  private writeCrtc(value: number): void {
    const index = this.crtcIndex;
    const { crtc } = this.registers;
    if (index >= CRTC_COUNT) return;
    if (index <= Crtc.overflow && crtc[Crtc.verticalRetraceEnd]! & CRTC_PROTECT) {
      if (index !== Crtc.overflow) return;
      value = (crtc[index]! & ~OVERFLOW_LINE_COMPARE) | (value & OVERFLOW_LINE_COMPARE);
    }
    this.set(crtc, index, value);
    this.timingStale = true;
  }

  private set(group: Uint8Array, index: number, value: number): void {
    if (group[index] === value) return;
    this.state.begin();
    group[index] = value;
    this.state.end();
  }

  private modeChanged(): void {
    this.planar.update();
    this.timingStale = true;
    this.banked = this.dispi.enabled && this.dispi.packed;
    this.dac.componentMask = this.dispi.dac8 ? 0xff : 0x3f;
  }

  /** A wide port access is one of a byte each to neighbouring ports: how drivers write index and data at once. */
  private readPorts(port: number, size: AccessSize): number {
    let value = 0;
    for (let i = 0; i < size; i++) value |= this.readPort(port + i) << (i * 8);
    return value >>> 0;
  }

  private writePorts(port: number, value: number, size: AccessSize): void {
    for (let i = 0; i < size; i++) this.writePort(port + i, (value >>> (i * 8)) & 0xff);
  }

  private readWindow(offset: number, size: AccessSize): number {
    let value = 0;
    for (let i = 0; i < size; i++) value |= this.readWindowByte(offset + i) << (i * 8);
    return value >>> 0;
  }

  private readWindowByte(offset: number): number {
    if (!this.banked) return this.planar.readByte(offset);
    return offset < BANK_WINDOW_BYTES ? this.videoMemory[this.dispi.bankOffset + offset]! : 0xff;
  }

  private writeWindow(offset: number, value: number, size: AccessSize): void {
    for (let i = 0; i < size; i++) {
      const byte = (value >>> (i * 8)) & 0xff;
      if (!this.banked) this.planar.writeByte(offset + i, byte);
      else if (offset + i < BANK_WINDOW_BYTES) this.videoMemory[this.dispi.bankOffset + offset + i] = byte;
    }
  }
}

function restore(target: Uint8Array, saved: ArrayLike<number>): void {
  for (let i = 0; i < target.length; i++) target[i] = saved[i] ?? 0;
}
