import type { AccessSize, BusHandler } from '../bus/access.js';
import { unconnectedIrq, type IrqLine } from '../bus/irq-line.js';
import type { BoardDevice } from '../base/stateful.js';
import { PAGE_SIZE } from '../memory/layout.js';
import type { PciFabric, Unmap } from './pci-fabric.js';
import * as reg from './pci-registers.js';

/** What configuration space says a function is. Numbers as in the PCI ID and class code assignments. */
export interface PciIdentity {
  readonly vendorId: number;
  readonly deviceId: number;
  readonly revision?: number;
  /** Base class, sub-class and programming interface: 24 bits. */
  readonly classCode: number;
  readonly subsystemVendorId?: number;
  readonly subsystemId?: number;
  /** Other functions share the device number. */
  readonly multifunction?: boolean;
  /** 1 = INTA# … 4 = INTD#; left out without an interrupt. */
  readonly interruptPin?: 1 | 2 | 3 | 4;
  /** Decodes ports without a base address register (VGA): its I/O enable exists, and firmware expects it set. */
  readonly fixedPorts?: boolean;
}

/** One region a function decodes. `bytes` is a power of two: at least 4 for ports, 16 for MMIO, 4096 for memory. */
export type PciRegion =
  | { readonly kind: 'ports'; readonly bar: number; readonly bytes: number; readonly handler: BusHandler }
  | { readonly kind: 'mmio'; readonly bar: number; readonly bytes: number; readonly handler: BusHandler }
  /** Backed by the machine's memory at `hostOffset`, so the guest reaches it without leaving the engine. */
  | { readonly kind: 'memory'; readonly bar: number; readonly bytes: number; readonly hostOffset: number }
  /** Expansion ROM (register 30h), read-only for its function. */
  | { readonly kind: 'rom'; readonly bytes: number; readonly handler: BusHandler };

export interface PciFunctionState {
  readonly version: 1;
  readonly config: Uint8Array;
  readonly interrupt: boolean;
}

interface MappedRegion {
  readonly region: PciRegion;
  /** Configuration offset of its base address register. */
  readonly register: number;
  address: number | undefined;
  unmap: Unmap | undefined;
}

const NO_FABRIC: PciFabric = {
  mapPorts: () => () => undefined,
  mapMmio: () => () => undefined,
  mapMemory: () => () => undefined,
  interruptLine: () => unconnectedIrq,
};

/**
 * A PCI function: a type 0 configuration header whose base address registers map and unmap the function's regions as
 * the guest programs them (PCI 3.0, 6.2.5), a capability list, and an INTx pin. Devices extend it or are given one.
 * Registers are bytes under a mask of writable bits; everything else a guest writes is ignored.
 */
export class PciFunction implements BoardDevice<PciFunctionState> {
  protected readonly config = new Uint8Array(reg.PCI_CONFIG_BYTES);
  private readonly writable = new Uint8Array(reg.PCI_CONFIG_BYTES);
  private readonly writeOneToClear = new Uint8Array(reg.PCI_CONFIG_BYTES);
  private readonly regions: readonly MappedRegion[];
  private powerOn: Uint8Array | undefined;
  protected fabric = NO_FABRIC;
  private line: IrqLine = unconnectedIrq;
  private interrupt = false;
  private nextCapability = reg.PCI_HEADER_BYTES;

  constructor(identity: PciIdentity, regions: readonly PciRegion[] = []) {
    this.describe(identity);
    this.regions = regions.map((region) => this.declare(region));
    this.define16(reg.PCI_COMMAND, this.commandDefault(), this.commandBits(identity));
    this.define16(reg.PCI_STATUS, reg.STATUS_DEVSEL_MEDIUM, 0);
    this.define(reg.PCI_CACHE_LINE_SIZE, 0, 0xff);
    this.define(reg.PCI_LATENCY_TIMER, 0, 0xf8);
    if (identity.interruptPin !== undefined) this.define(reg.PCI_INTERRUPT_LINE, 0, 0xff);
  }

  /** Called by the bus once, when the function is plugged in. */
  attach(fabric: PciFabric, device: number): void {
    this.fabric = fabric;
    this.powerOn = this.config.slice();
    const pin = this.config[reg.PCI_INTERRUPT_PIN]!;
    if (pin > 0) this.line = fabric.interruptLine(device, pin - 1);
    this.remap();
  }

  read(offset: number, size: AccessSize): number {
    let value = 0;
    for (let i = size - 1; i >= 0; i--) value = (value << 8) | this.config[(offset + i) & 0xff]!;
    return value >>> 0;
  }

  write(offset: number, value: number, size: AccessSize): void {
    for (let i = 0; i < size; i++) this.writeByte((offset + i) & 0xff, (value >>> (8 * i)) & 0xff);
    if (offset < reg.PCI_HEADER_BYTES) this.headerWritten();
    this.configWritten(offset, size);
  }

  /** Drives INTx#; keeps the status bit, and the pin quiet while the command register disables it (PCI 3.0, 6.2.2). */
  setInterrupt(asserted: boolean): void {
    this.interrupt = asserted;
    const status = this.config[reg.PCI_STATUS]! & ~reg.STATUS_INTERRUPT;
    this.config[reg.PCI_STATUS] = asserted ? status | reg.STATUS_INTERRUPT : status;
    this.line.set(asserted && !(this.command & reg.COMMAND_INTX_DISABLE));
  }

  /** Whether the guest lets the function read and write memory by itself. */
  get busMaster(): boolean {
    return (this.command & reg.COMMAND_BUS_MASTER) !== 0;
  }

  reset(): void {
    if (this.powerOn) this.config.set(this.powerOn);
    this.remap();
    this.setInterrupt(false);
  }

  saveState(): PciFunctionState {
    return { version: 1, config: this.config.slice(), interrupt: this.interrupt };
  }

  loadState(state: PciFunctionState): void {
    this.config.set(state.config.subarray(0, reg.PCI_CONFIG_BYTES));
    this.remap();
    this.setInterrupt(state.interrupt);
  }

  /** Called after the guest wrote `size` bytes at `offset`; the registers already hold what the masks let through. */
  protected configWritten(_offset: number, _size: AccessSize): void {}

  /** Command register at power-on. */
  protected commandDefault(): number {
    return 0;
  }

  /** Gives a device-specific register its power-on value and the bits a guest can write. */
  protected define(offset: number, value: number, writable = 0, writeOneToClear = 0): void {
    this.config[offset] = value;
    this.writable[offset] = writable;
    this.writeOneToClear[offset] = writeOneToClear;
  }

  protected define16(offset: number, value: number, writable = 0): void {
    this.define(offset, value & 0xff, writable & 0xff);
    this.define(offset + 1, value >>> 8, writable >>> 8);
  }

  /**
   * Appends to the capability list (PCI 3.0, 6.7).
   * @param body what follows the id and next pointer
   * @returns offset of the capability
   */
  protected addCapability(id: number, body: readonly { readonly value: number; readonly writable: number }[]): number {
    const at = this.nextCapability;
    const bytes = (2 + body.length + 3) & ~3;
    if (at + bytes > reg.PCI_CONFIG_BYTES) throw new RangeError('no room for another PCI capability');
    this.define(at, id);
    this.define(at + 1, this.config[reg.PCI_CAPABILITIES]!);
    body.forEach(({ value, writable }, i) => this.define(at + 2 + i, value, writable));
    this.config[reg.PCI_CAPABILITIES] = at;
    this.config[reg.PCI_STATUS]! |= reg.STATUS_CAPABILITIES;
    this.nextCapability = at + bytes;
    return at;
  }

  private get command(): number {
    return this.config[reg.PCI_COMMAND]! | (this.config[reg.PCI_COMMAND + 1]! << 8);
  }

  private describe(identity: PciIdentity): void {
    this.define16(reg.PCI_VENDOR_ID, identity.vendorId);
    this.define16(reg.PCI_DEVICE_ID, identity.deviceId);
    this.define(reg.PCI_REVISION_ID, identity.revision ?? 0);
    this.define(reg.PCI_CLASS_CODE, identity.classCode & 0xff);
    this.define16(reg.PCI_CLASS_CODE + 1, identity.classCode >>> 8);
    this.define(reg.PCI_HEADER_TYPE, identity.multifunction ? reg.HEADER_MULTIFUNCTION : 0);
    this.define16(reg.PCI_SUBSYSTEM_VENDOR_ID, identity.subsystemVendorId ?? 0);
    this.define16(reg.PCI_SUBSYSTEM_ID, identity.subsystemId ?? 0);
    this.define(reg.PCI_INTERRUPT_PIN, identity.interruptPin ?? 0);
  }

  private commandBits(identity: PciIdentity): number {
    let bits = reg.COMMAND_BUS_MASTER | reg.COMMAND_PARITY | reg.COMMAND_SERR | reg.COMMAND_INTX_DISABLE;
    for (const { region } of this.regions) bits |= region.kind === 'ports' ? reg.COMMAND_IO : reg.COMMAND_MEMORY;
    if (identity.fixedPorts) bits |= reg.COMMAND_IO;
    return bits;
  }

  private declare(region: PciRegion): MappedRegion {
    const register = region.kind === 'rom' ? reg.PCI_ROM_ADDRESS : reg.PCI_BASE_ADDRESS + 4 * region.bar;
    const minimum = region.kind === 'ports' ? 4 : region.kind === 'mmio' ? 16 : PAGE_SIZE;
    if (region.bytes < minimum || (region.bytes & (region.bytes - 1)) !== 0) {
      throw new RangeError(`a PCI region of kind ${region.kind} cannot have ${region.bytes} bytes`);
    }
    const mask = (~(region.bytes - 1) | (region.kind === 'rom' ? reg.ROM_ENABLE : 0)) >>> 0;
    for (let i = 0; i < 4; i++) this.define(register + i, 0, (mask >>> (8 * i)) & 0xff);
    if (region.kind === 'ports') this.config[register] = reg.BAR_IO;
    if (region.kind === 'memory') this.config[register] = reg.BAR_PREFETCHABLE;
    return { region, register, address: undefined, unmap: undefined };
  }

  private writeByte(offset: number, value: number): void {
    const mask = this.writable[offset]!;
    const kept = this.config[offset]! & ~mask & ~(value & this.writeOneToClear[offset]!);
    this.config[offset] = kept | (value & mask);
  }

  private headerWritten(): void {
    this.remap();
    this.setInterrupt(this.interrupt);
  }

  private remap(): void {
    for (const mapped of this.regions) {
      const address = this.decodedAddress(mapped);
      if (address === mapped.address) continue;
      mapped.unmap?.();
      mapped.address = address;
      mapped.unmap = address === undefined ? undefined : this.map(mapped.region, address);
    }
  }

  /** Where a region answers now; `undefined` if it does not: decoding off, or still at the address 0 nobody set. */
  private decodedAddress({ region, register }: MappedRegion): number | undefined {
    const value = this.read(register, 4);
    const address = (value & ~(region.bytes - 1)) >>> 0;
    const enable = region.kind === 'ports' ? reg.COMMAND_IO : reg.COMMAND_MEMORY;
    if (!(this.command & enable) || address === 0) return undefined;
    if (region.kind === 'rom' && !(value & reg.ROM_ENABLE)) return undefined;
    if (region.kind === 'ports' && address > 0xffff) return undefined;
    return address;
  }

  private map(region: PciRegion, address: number): Unmap {
    switch (region.kind) {
      case 'ports':
        return this.fabric.mapPorts(address, region.bytes, region.handler);
      case 'memory':
        return this.fabric.mapMemory(address, region.bytes, region.hostOffset);
      case 'mmio':
      case 'rom':
        return this.fabric.mapMmio(address, region.bytes, region.handler);
    }
  }
}
