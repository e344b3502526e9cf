import type { KernelImage } from '../firmware.js';
import { BASE_MEMORY_KIB } from '../bios/data-area.js';
import { extendedKiB, memoryMap } from '../tables/memory-map.js';
import { TableWriter } from '../tables/table-writer.js';
import { parseElf } from './elf.js';
import { planSegments } from './elf-plan.js';
import {
  commandLineBytes,
  INFO,
  invalidKernel,
  loadLimit,
  placeHigh,
  type LoadPlan,
  type LoadTarget,
} from './load-plan.js';

/** Multiboot Specification 0.6.96, section 3.1: the header lies 4-aligned in the first 8 KiB. */
const SEARCH_BYTES = 8192;
const HEADER_MAGIC = 0x1bad_b002;
const BOOT_MAGIC = 0x2bad_b002;
const FLAG_ADDRESSES = 1 << 16;
/** Requirements the loader must know: page alignment, memory information, video mode (which it may ignore). */
const KNOWN_REQUIREMENTS = 0x0007;
const INFO_FLAGS = { memory: 1, commandLine: 1 << 2, modules: 1 << 3, memoryMap: 1 << 6, loaderName: 1 << 9 } as const;
const INFO_BYTES = 120;
const LOADER_NAME = 'Annex\0';

interface Header {
  readonly at: number;
  readonly flags: number;
}

function findHeader(kernel: Uint8Array): Header | undefined {
  const view = new DataView(kernel.buffer, kernel.byteOffset, kernel.byteLength);
  for (let at = 0; at + 12 <= Math.min(kernel.length, SEARCH_BYTES); at += 4) {
    if (view.getUint32(at, true) !== HEADER_MAGIC) continue;
    const flags = view.getUint32(at + 4, true);
    if ((HEADER_MAGIC + flags + view.getUint32(at + 8, true)) >>> 0 === 0) return { at, flags };
  }
  return undefined;
}

export const isMultiboot = (kernel: Uint8Array): boolean => findHeader(kernel) !== undefined;

type Placement = Pick<LoadPlan, 'chunks' | 'zeroed'> & { readonly end: number; readonly entry: number };

/** By the header's own addresses ("a.out kludge", 3.1.3). */
function placeByAddresses(kernel: Uint8Array, at: number, limit: number): Placement {
  if (at + 32 > kernel.length) throw invalidKernel('its multiboot header is truncated');
  const view = new DataView(kernel.buffer, kernel.byteOffset, kernel.byteLength);
  const [headerAddress, load, loadEnd, bssEnd, entry] = [12, 16, 20, 24, 28].map((o) => view.getUint32(at + o, true));
  const from = at - (headerAddress! - load!);
  const length = loadEnd === 0 ? kernel.length - from : loadEnd! - load!;
  if (from < 0 || length <= 0 || from + length > kernel.length)
    throw invalidKernel('its multiboot addresses are wrong');
  const memoryBytes = Math.max(bssEnd === 0 ? length : bssEnd! - load!, length);
  const segment = { physicalAddress: load!, bytes: kernel.subarray(from, from + length), memoryBytes };
  return { ...planSegments([segment], limit), entry: entry! };
}

function placeElf(kernel: Uint8Array, limit: number): Placement {
  const elf = parseElf(kernel);
  return { ...planSegments(elf.segments, limit), entry: elf.entry };
}

/** Lays out a multiboot (version 1) kernel; the initial RAM disk becomes its one module. */
export function planMultiboot(image: KernelImage, target: LoadTarget): LoadPlan {
  const header = findHeader(image.kernel);
  if (!header) throw invalidKernel('it has no multiboot header');
  if (header.flags & 0xffff & ~KNOWN_REQUIREMENTS)
    throw invalidKernel('it asks for multiboot features this loader lacks');
  const limit = loadLimit(target);
  const placed =
    header.flags & FLAG_ADDRESSES ? placeByAddresses(image.kernel, header.at, limit) : placeElf(image.kernel, limit);
  const { initrd } = image;
  const moduleAt = initrd ? placeHigh(initrd.length, limit, placed.end) : 0;
  const map = memoryMapBytes(target);
  return {
    chunks: [
      ...placed.chunks,
      { address: INFO.boot, bytes: information(target, map.length, { at: moduleAt, size: initrd?.length ?? 0 }) },
      { address: INFO.commandLine, bytes: commandLineBytes(image.commandLine) },
      { address: INFO.memoryMap, bytes: map },
      ...(initrd ? [{ address: moduleAt, bytes: initrd }] : []),
    ],
    zeroed: placed.zeroed,
    registers: { entry: placed.entry, eax: BOOT_MAGIC, ebx: INFO.boot },
  };
}

/** The information structure (3.3), the module entry and the loader's name behind it. */
function information(target: LoadTarget, mapBytes: number, module: { at: number; size: number }): Uint8Array {
  const modules = INFO.boot + INFO_BYTES;
  const name = modules + 16;
  const { memory, commandLine, modules: hasModules, memoryMap: hasMap, loaderName } = INFO_FLAGS;
  const out = new TableWriter();
  out.u32(memory | commandLine | hasModules | hasMap | loaderName, BASE_MEMORY_KIB, extendedKiB(target.ramBytes), 0);
  out.u32(INFO.commandLine, module.size > 0 ? 1 : 0, modules, 0, 0, 0, 0);
  out.u32(mapBytes, INFO.memoryMap, 0, 0, 0, name);
  out.fill(INFO_BYTES - out.length, 0);
  return out
    .u32(module.at, module.at + module.size, INFO.commandLine, 0)
    .text(LOADER_NAME)
    .bytes();
}

function memoryMapBytes(target: LoadTarget): Uint8Array {
  const out = new TableWriter();
  for (const { start, end, type } of memoryMap(target.ramBytes))
    out
      .u32(20)
      .u64(start)
      .u64(end - start)
      .u32(type);
  return out.bytes();
}
