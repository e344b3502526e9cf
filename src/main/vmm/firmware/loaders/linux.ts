import type { KernelImage } from '../firmware.js';
import { extendedKiB, memoryMap } from '../tables/memory-map.js';
import {
  commandLineBytes, HIGH_MEMORY, INFO, invalidKernel, loadLimit, placeHigh, tooLittleMemory, type LoadPlan, type LoadTarget,
} from './load-plan.js'; // prettier-ignore

/** Offsets in the setup header and the zero page (Linux Documentation/arch/x86/boot.rst and zero-page.rst). */
const HEADER = {
  setupSectors: 0x1f1,
  bootFlag: 0x1fe,
  jumpLength: 0x201,
  magic: 0x202,
  version: 0x206,
  loaderType: 0x210,
  loadFlags: 0x211,
  code32Start: 0x214,
  ramdiskImage: 0x218,
  ramdiskSize: 0x21c,
  commandLine: 0x228,
  initrdMax: 0x22c,
  relocatable: 0x234,
  commandLineSize: 0x238,
  preferredAddress: 0x258,
  initSize: 0x260,
} as const;
const ZERO_PAGE = { rsdp: 0x70, altMemory: 0x1e0, e820Count: 0x1e8, e820: 0x2d0, bytes: 4096 } as const;

const MAGIC = 0x5372_6448; // "HdrS"
const BOOT_FLAG = 0xaa55;
const OLDEST_PROTOCOL = 0x0202;
const LOADED_HIGH = 0x01;
const UNKNOWN_LOADER = 0xff;
/** Limits of protocols that do not name their own. */
const OLD_INITRD_MAX = 0x37ff_ffff;
const OLD_COMMAND_LINE = 255;

export function isLinux(kernel: Uint8Array): boolean {
  if (kernel.length < 0x264) return false;
  const view = new DataView(kernel.buffer, kernel.byteOffset);
  return view.getUint32(HEADER.magic, true) === MAGIC && view.getUint16(HEADER.bootFlag, true) === BOOT_FLAG;
}

interface SetupHeader {
  readonly version: number;
  readonly setupBytes: number;
  readonly initrdMax: number;
  readonly commandLineMax: number;
  /** End of the memory the kernel unpacks itself into. */
  readonly runEnd: number;
}

function parseHeader(kernel: Uint8Array): SetupHeader {
  const view = new DataView(kernel.buffer, kernel.byteOffset, kernel.byteLength);
  const version = view.getUint16(HEADER.version, true);
  if (version < OLDEST_PROTOCOL) throw invalidKernel('it is a Linux kernel older than boot protocol 2.02');
  if (!(view.getUint8(HEADER.loadFlags) & LOADED_HIGH))
    throw invalidKernel('it is a zImage; only bzImage is supported');
  const setupBytes = ((view.getUint8(HEADER.setupSectors) || 4) + 1) * 512;
  if (setupBytes >= kernel.length) throw invalidKernel('the file ends within its setup code');
  const since = (protocol: number, offset: number, otherwise: number): number =>
    version >= protocol ? view.getUint32(offset, true) : otherwise;
  const preferred = version >= 0x020a ? Number(view.getBigUint64(HEADER.preferredAddress, true)) : HIGH_MEMORY;
  return {
    version,
    setupBytes,
    initrdMax: since(0x0203, HEADER.initrdMax, OLD_INITRD_MAX),
    commandLineMax: since(0x0206, HEADER.commandLineSize, OLD_COMMAND_LINE),
    runEnd: Math.max(HIGH_MEMORY + kernel.length - setupBytes, preferred + since(0x020a, HEADER.initSize, 0)),
  };
}

/** Entered at 32-bit protected mode (boot.rst, "32-bit boot protocol"), which 64-bit kernels take as well. */
export function planLinux(image: KernelImage, target: LoadTarget): LoadPlan {
  const { kernel, initrd } = image;
  const header = parseHeader(kernel);
  const limit = loadLimit(target);
  if (header.runEnd > limit) throw tooLittleMemory(header.runEnd + (initrd?.length ?? 0));
  const commandLine = commandLineBytes(image.commandLine);
  if (commandLine.length - 1 > header.commandLineMax) {
    throw invalidKernel(`its command line may have ${header.commandLineMax} characters, not ${commandLine.length - 1}`);
  }
  const initrdAt = initrd ? placeHigh(initrd.length, Math.min(limit, header.initrdMax + 1), header.runEnd) : 0;
  return {
    chunks: [
      { address: HIGH_MEMORY, bytes: kernel.subarray(header.setupBytes) },
      { address: INFO.commandLine, bytes: commandLine },
      { address: INFO.linuxBootParams, bytes: zeroPage(kernel, target, { at: initrdAt, size: initrd?.length ?? 0 }) },
      ...(initrd ? [{ address: initrdAt, bytes: initrd }] : []),
    ],
    zeroed: [],
    registers: { entry: HIGH_MEMORY, esi: INFO.linuxBootParams },
  };
}

function zeroPage(kernel: Uint8Array, target: LoadTarget, initrd: { at: number; size: number }): Uint8Array {
  const page = new Uint8Array(ZERO_PAGE.bytes);
  const view = new DataView(page.buffer);
  const headerEnd = Math.min(HEADER.magic + kernel[HEADER.jumpLength]!, ZERO_PAGE.e820);
  page.set(kernel.subarray(HEADER.setupSectors, headerEnd), HEADER.setupSectors);
  writeScreenInfo(view);
  view.setUint32(ZERO_PAGE.rsdp, target.rsdp, true);
  view.setUint32(ZERO_PAGE.altMemory, extendedKiB(target.ramBytes), true);
  view.setUint8(HEADER.loaderType, UNKNOWN_LOADER);
  view.setUint32(HEADER.code32Start, HIGH_MEMORY, true);
  view.setUint32(HEADER.ramdiskImage, initrd.at, true);
  view.setUint32(HEADER.ramdiskSize, initrd.size, true);
  view.setUint32(HEADER.commandLine, INFO.commandLine, true);
  const regions = memoryMap(target.ramBytes);
  view.setUint8(ZERO_PAGE.e820Count, regions.length);
  regions.forEach(({ start, end, type }, i) => {
    const at = ZERO_PAGE.e820 + i * 20;
    view.setBigUint64(at, BigInt(start), true);
    view.setBigUint64(at + 8, BigInt(end - start), true);
    view.setUint32(at + 16, type, true);
  });
  return page;
}

/** struct screen_info: VGA text 80×25, as POST left it, the cursor on the second line. */
function writeScreenInfo(view: DataView): void {
  view.setUint8(0x01, 1);
  view.setUint8(0x06, 3);
  view.setUint8(0x07, 80);
  view.setUint8(0x0e, 25);
  view.setUint8(0x0f, 1);
  view.setUint16(0x10, 16, true);
}
