import type { AccessSize } from '../bus/access.js';
import { PciFunction, type PciFunctionState } from './pci-function.js';

/** Intel 82441FX data sheet (290549-001), 3.2.18: programmable attribute map registers. */
const PAM0 = 0x59;
const PAM_REGISTERS = 7;
const SMRAM = 0x72;
const PAM_READ = 1 << 0;
const PAM_WRITE = 1 << 1;
const PAM_WRITABLE = 0x33;

/** By these, which Red Hat gave to virtual machines, SeaBIOS knows that the board has a firmware configuration device. */
const VIRTUAL_VENDOR = 0x1af4;
const VIRTUAL_BOARD = 0x1100;

/** SMRAM register: closed, and nothing to open, as the board has no system management mode. */
const SMRAM_DEFAULT = 0x02;

/** A stretch of C0000h–FFFFFh with attributes of its own. */
export interface ShadowSegment {
  readonly address: number;
  readonly bytes: number;
}

/** Segments in the order of the attribute fields: F0000h first, then sixteen-KiB ones from C0000h. */
export const SHADOW_SEGMENTS: readonly ShadowSegment[] = [
  { address: 0xf_0000, bytes: 0x1_0000 },
  ...Array.from({ length: 12 }, (_, i) => ({ address: 0xc_0000 + i * 0x4000, bytes: 0x4000 })),
];

/** Sends reads and writes of a segment to RAM, or to what is behind it: ROM, or nothing. */
export interface ShadowControl {
  route(segment: ShadowSegment, readRam: boolean, writeRam: boolean): void;
}

/** Host bridge of the 440FX: its one job here is to shadow ROM by RAM. */
export class I440FxHostBridge extends PciFunction {
  constructor(private readonly shadow: ShadowControl) {
    super({
      vendorId: 0x8086,
      deviceId: 0x1237,
      revision: 2,
      classCode: 0x06_00_00,
      subsystemVendorId: VIRTUAL_VENDOR,
      subsystemId: VIRTUAL_BOARD,
    });
    this.define(PAM0, 0, PAM_WRITABLE & 0xf0);
    for (let i = 1; i < PAM_REGISTERS; i++) this.define(PAM0 + i, 0, PAM_WRITABLE);
    this.define(SMRAM, SMRAM_DEFAULT);
  }

  override reset(): void {
    super.reset();
    this.routeAll();
  }

  override loadState(state: PciFunctionState): void {
    super.loadState(state);
    this.routeAll();
  }

  protected override configWritten(offset: number, size: AccessSize): void {
    if (offset < PAM0 + PAM_REGISTERS && offset + size > PAM0) this.routeAll();
  }

  private routeAll(): void {
    for (const [index, segment] of SHADOW_SEGMENTS.entries()) {
      const attributes = this.attributesOf(index);
      this.shadow.route(segment, (attributes & PAM_READ) !== 0, (attributes & PAM_WRITE) !== 0);
    }
  }

  /** F0000h is the high half of PAM0; then each register has two segments, the lower address in the low half. */
  private attributesOf(index: number): number {
    if (index === 0) return this.config[PAM0]! >> 4;
    const register = this.config[PAM0 + 1 + ((index - 1) >> 1)]!;
    return index & 1 ? register & 0xf : register >> 4;
  }
}
