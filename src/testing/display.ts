import { readFileSync } from 'node:fs';
import { SCAN_OUT_BYTES } from '../main/vmm/devices/display/display-source.js';
import { DISPLAY_STATE_BYTES } from '../main/vmm/devices/display/display-state.js';
import { ScanOut } from '../main/vmm/devices/display/scanout/scan-out.js';
import { Vga } from '../main/vmm/devices/display/vga/vga.js';
import { ManualClock } from '../main/vmm/time/clock.js';
import { VgaDriver } from './vga-driver.js';

const WASM_PAGE = 65536;
export const TEST_VIDEO_MEMORY_BYTES = 16 << 20;

/** The compiled scan-out loops; the test runner builds them first. */
export const displayKernel = new WebAssembly.Module(
  readFileSync(new URL('../../out/core/display-kernel.wasm', import.meta.url)),
);

// One for all tests of a process: engines reserve gigabytes of address space for each shared memory.
const stateOffset = TEST_VIDEO_MEMORY_BYTES;
const scanOutOffset = stateOffset + WASM_PAGE;
const pages = (scanOutOffset + 2 * Math.ceil(SCAN_OUT_BYTES / WASM_PAGE) * WASM_PAGE) / WASM_PAGE;
const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });

/**
 * An adapter after power-on with its driver and scan-out, video memory cleared. Ends the life of the one returned before.
 */
export function testDisplay(videoMemoryBytes = TEST_VIDEO_MEMORY_BYTES) {
  const { buffer } = memory;
  const source = { videoMemory: { offset: 0, length: videoMemoryBytes }, stateOffset, scanOutOffset };
  new Uint8Array(buffer, 0, videoMemoryBytes).fill(0);
  new Uint8Array(buffer, stateOffset, DISPLAY_STATE_BYTES).fill(0);
  const clock = new ManualClock();
  const vga = new Vga({ buffer, clock, ...source });
  return {
    clock,
    vga,
    driver: new VgaDriver(vga),
    memory: new Uint8Array(buffer, 0, videoMemoryBytes),
    scanOut: new ScanOut(memory, displayKernel, source),
    /** Another scan-out of the same adapter, with a picture of its own. */
    secondScanOut: () =>
      new ScanOut(memory, displayKernel, {
        ...source,
        scanOutOffset: scanOutOffset + Math.ceil(SCAN_OUT_BYTES / WASM_PAGE) * WASM_PAGE,
      }),
  };
}
