import type { KernelImage } from '../firmware.js';
import { BASE_MEMORY_KIB } from '../bios/data-area.js';
import { extendedKiB, memoryMap } from '../tables/memory-map.js';
import { TableWriter } from '../tables/table-writer.js';
import { parseElf } from './elf.js';
import { planSegments } from './elf-plan.js';
import { INFO, invalidKernel, loadLimit, placeHigh, type LoadPlan, type LoadTarget } from './load-plan.js';

/** Multiboot2 Specification 2.0, section 3.1: the header lies 8-aligned in the first 32 KiB. */
const SEARCH_BYTES = 32768;
const HEADER_MAGIC = 0xe852_50d6;
const BOOT_MAGIC = 0x36d7_6289;
const ARCHITECTURE_I386 = 0;
const HEADER_TAG = { end: 0, address: 2, entry: 3 } as const;
const OPTIONAL = 1;
/** Header tags that need nothing of this loader, or nothing it does not do: requests, console, frame buffer, alignment, relocation. */
const ACCEPTED_TAGS = new Set([1, 2, 3, 4, 5, 6, 10]);
const TAG = { end: 0, commandLine: 1, loaderName: 2, module: 3, basicMemory: 4, memoryMap: 6, oldAcpi: 14, newAcpi: 15 } as const; // prettier-ignore
const MAX_TAGS = 64;

interface Header {
  readonly at: number;
  readonly length: number;
}

interface AddressTag {
  readonly header: number;
  readonly load: number;
  readonly loadEnd: number;
  readonly bssEnd: number;
}

function findHeader(kernel: Uint8Array): Header | undefined {
  const view = new DataView(kernel.buffer, kernel.byteOffset, kernel.byteLength);
  for (let at = 0; at + 16 <= Math.min(kernel.length, SEARCH_BYTES); at += 8) {
    if (view.getUint32(at, true) !== HEADER_MAGIC || view.getUint32(at + 4, true) !== ARCHITECTURE_I386) continue;
    const length = view.getUint32(at + 8, true);
    if ((HEADER_MAGIC + length + view.getUint32(at + 12, true)) >>> 0 === 0) return { at, length };
  }
  return undefined;
}

export const isMultiboot2 = (kernel: Uint8Array): boolean => findHeader(kernel) !== undefined;

/** What the header's tags say about placement. @throws FirmwareError if one asks for what this loader lacks */
function parseTags(kernel: Uint8Array, header: Header): { address?: AddressTag; entry?: number } {
  const view = new DataView(kernel.buffer, kernel.byteOffset, kernel.byteLength);
  const end = header.at + header.length;
  if (end > kernel.length) throw invalidKernel('its multiboot2 header is truncated');
  const found: { address?: AddressTag; entry?: number } = {};
  let at = header.at + 16;
  for (let n = 0; n < MAX_TAGS && at + 8 <= end; n++) {
    const [type, flags, size] = [view.getUint16(at, true), view.getUint16(at + 2, true), view.getUint32(at + 4, true)];
    if (type === HEADER_TAG.end) return found;
    if (size < 8 || at + size > end) break;
    if (!ACCEPTED_TAGS.has(type) && !(flags & OPTIONAL))
      throw invalidKernel('it asks for multiboot2 features this loader lacks');
    const word = (i: number): number => view.getUint32(at + 8 + i * 4, true);
    if (type === HEADER_TAG.address && size >= 24) {
      found.address = { header: word(0), load: word(1), loadEnd: word(2), bssEnd: word(3) };
    }
    if (type === HEADER_TAG.entry && size >= 12) found.entry = word(0);
    at = Math.ceil((at + size) / 8) * 8;
  }
  throw invalidKernel('its multiboot2 header is damaged');
}

type Placement = Pick<LoadPlan, 'chunks' | 'zeroed'> & { readonly end: number; readonly entry: number };

function place(kernel: Uint8Array, header: Header, limit: number): Placement {
  const { address, entry } = parseTags(kernel, header);
  if (!address) {
    const elf = parseElf(kernel);
    return { ...planSegments(elf.segments, limit), entry: entry ?? elf.entry };
  }
  if (entry === undefined) throw invalidKernel('its multiboot2 header names addresses but no entry point');
  const from = address.load === 0xffff_ffff ? 0 : header.at - (address.header - address.load);
  const length = address.loadEnd === 0 ? kernel.length - from : address.loadEnd - address.load;
  if (from < 0 || length <= 0 || from + length > kernel.length)
    throw invalidKernel('its multiboot2 addresses are wrong');
  const memoryBytes = Math.max(address.bssEnd === 0 ? length : address.bssEnd - address.load, length);
  const segment = { physicalAddress: address.load, bytes: kernel.subarray(from, from + length), memoryBytes };
  return { ...planSegments([segment], limit), entry };
}

/** Lays out a multiboot2 kernel for the i386 state (3.2); the initial RAM disk becomes its one module. */
export function planMultiboot2(image: KernelImage, target: LoadTarget, rsdpBytes: Uint8Array): LoadPlan {
  const header = findHeader(image.kernel);
  if (!header) throw invalidKernel('it has no multiboot2 header');
  const limit = loadLimit(target);
  const placed = place(image.kernel, header, limit);
  const { initrd } = image;
  const moduleAt = initrd ? placeHigh(initrd.length, limit, placed.end) : 0;
  return {
    chunks: [
      ...placed.chunks,
      { address: INFO.boot, bytes: information(image, target, moduleAt, rsdpBytes) },
      ...(initrd ? [{ address: moduleAt, bytes: initrd }] : []),
    ],
    zeroed: placed.zeroed,
    registers: { entry: placed.entry, eax: BOOT_MAGIC, ebx: INFO.boot },
  };
}

/** The boot information (3.6): tags of type and size, each padded to 8 bytes. */
function information(image: KernelImage, target: LoadTarget, moduleAt: number, rsdp: Uint8Array): Uint8Array {
  const out = new TableWriter();
  const tag = (type: number, body: TableWriter): void => {
    out.u32(type, 8 + body.length).raw(body.bytes());
    out.fill(-out.length & 7, 0);
  };
  tag(TAG.commandLine, new TableWriter().raw(new TextEncoder().encode(image.commandLine)).u8(0));
  tag(TAG.loaderName, new TableWriter().text('Annex\0'));
  if (image.initrd) tag(TAG.module, new TableWriter().u32(moduleAt, moduleAt + image.initrd.length).u8(0));
  tag(TAG.basicMemory, new TableWriter().u32(BASE_MEMORY_KIB, extendedKiB(target.ramBytes)));
  const map = new TableWriter().u32(24, 0);
  for (const { start, end, type } of memoryMap(target.ramBytes))
    map
      .u64(start)
      .u64(end - start)
      .u32(type, 0);
  tag(TAG.memoryMap, map);
  tag(TAG.oldAcpi, new TableWriter().raw(rsdp.subarray(0, 20)));
  tag(TAG.newAcpi, new TableWriter().raw(rsdp));
  tag(TAG.end, new TableWriter());
  const body = out.bytes();
  return new TableWriter()
    .u32(body.length + 8, 0)
    .raw(body)
    .bytes();
}
