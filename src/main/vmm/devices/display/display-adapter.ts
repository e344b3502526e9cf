import type { BusHandler } from '../../bus/access.js';
import type { GuestMemory } from '../../memory/guest-memory.js';
import { PAGE_SIZE } from '../../memory/layout.js';
import { PciFunction, type PciRegion } from '../../pci/pci-function.js';
import type { Clock } from '../../time/clock.js';
import { SCAN_OUT_BYTES, type DisplaySource } from './display-source.js';
import { DISPLAY_STATE_BYTES } from './display-state.js';
import { RegisterBar } from './register-bar.js';
import { Vga } from './vga/vga.js';

export interface DisplayAdapterOptions {
  readonly memory: GuestMemory;
  /** A power of two, at least 1 MiB. */
  readonly videoMemoryBytes: number;
  readonly clock: Clock;
  /** Video BIOS offered as expansion ROM; left out with a firmware that has its own. */
  readonly optionRom?: Uint8Array;
}

/** The adapter as the board sees it. */
export interface DisplayAdapter {
  readonly vga: Vga;
  readonly pci: PciFunction;
  /** For scan-out. */
  readonly source: DisplaySource;
}

/** Display controller, VGA compatible (PCI Code and ID Assignment Specification). */
const CLASS_VGA = 0x03_00_00;

/**
 * Makes the display adapter with its video memory: PCI function 1234:1111, as Linux's bochs-drm and the VGA BIOSes of
 * Bochs and SeaBIOS know it. BAR 0 is video memory, mapped as plain memory; BAR 2 the registers. Revision 2 says that
 * BAR 2 has the byte-order register.
 */
export function displayAdapter({ memory, videoMemoryBytes, clock, optionRom }: DisplayAdapterOptions): DisplayAdapter {
  const source: DisplaySource = {
    videoMemory: { offset: memory.allocate(videoMemoryBytes), length: videoMemoryBytes },
    stateOffset: memory.allocate(DISPLAY_STATE_BYTES),
    scanOutOffset: memory.allocate(SCAN_OUT_BYTES),
  };
  const vga = new Vga({ buffer: memory.wasm.buffer, clock, ...source });
  const registers = new RegisterBar(vga);
  const regions: PciRegion[] = [
    { kind: 'memory', bar: 0, bytes: videoMemoryBytes, hostOffset: source.videoMemory.offset },
    { kind: 'mmio', bar: 2, bytes: registers.bytes, handler: registers },
  ];
  if (optionRom) regions.push(romRegion(optionRom));
  const identity = {
    vendorId: 0x1234,
    fixedPorts: true,
    deviceId: 0x1111,
    revision: 2,
    classCode: CLASS_VGA,
    subsystemVendorId: 0x1af4,
    subsystemId: 0x1100,
  };
  return { vga, pci: new PciFunction(identity, regions), source };
}

function romRegion(image: Uint8Array): PciRegion {
  const bytes = Math.max(PAGE_SIZE, 2 ** Math.ceil(Math.log2(image.length)));
  const handler: BusHandler = {
    read(offset, size) {
      let value = 0;
      for (let i = 0; i < size; i++) value |= (image[offset + i] ?? 0xff) << (i * 8);
      return value >>> 0;
    },
    write() {},
  };
  return { kind: 'rom', bytes, handler };
}
