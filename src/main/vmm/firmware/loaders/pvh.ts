import type { KernelImage } from '../firmware.js';
import { memoryMap } from '../tables/memory-map.js';
import { TableWriter } from '../tables/table-writer.js';
import { findNote, isElf, parseElf } from './elf.js';
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

/** XEN_ELFNOTE_PHYS32_ENTRY (Xen public/elfnote.h). */
const NOTE_TYPE = 18;
const START_MAGIC = 0x336e_c578;
const START_INFO_BYTES = 56;

export function isPvh(kernel: Uint8Array): boolean {
  return isElf(kernel) && findNote(parseElf(kernel), 'Xen', NOTE_TYPE) !== undefined;
}

/** The PVH boot ABI (Xen docs/misc/pvh.pandoc, public/arch-x86/hvm/start_info.h): EBX points to hvm_start_info. */
export function planPvh(image: KernelImage, target: LoadTarget): LoadPlan {
  const elf = parseElf(image.kernel);
  const note = findNote(elf, 'Xen', NOTE_TYPE);
  if (!note || note.length < 4) throw invalidKernel('it has no PVH entry point');
  const entry = new DataView(note.buffer, note.byteOffset).getUint32(0, true);
  const limit = loadLimit(target);
  const { chunks, zeroed, end } = planSegments(elf.segments, limit);
  const { initrd } = image;
  const initrdAt = initrd ? placeHigh(initrd.length, limit, end) : 0;
  return {
    chunks: [
      ...chunks,
      { address: INFO.boot, bytes: startInfo(target, { at: initrdAt, size: initrd?.length ?? 0 }) },
      { address: INFO.commandLine, bytes: commandLineBytes(image.commandLine) },
      { address: INFO.memoryMap, bytes: memoryMapBytes(target) },
      ...(initrd ? [{ address: initrdAt, bytes: initrd }] : []),
    ],
    zeroed,
    registers: { entry, ebx: INFO.boot },
  };
}

function startInfo(target: LoadTarget, initrd: { at: number; size: number }): Uint8Array {
  const out = new TableWriter();
  out.u32(START_MAGIC, 1, 0, initrd.size > 0 ? 1 : 0).u64(INFO.boot + START_INFO_BYTES);
  out.u64(INFO.commandLine).u64(target.rsdp).u64(INFO.memoryMap).u32(memoryMap(target.ramBytes).length, 0);
  return out.u64(initrd.at).u64(initrd.size).u64(0).u64(0).bytes();
}

function memoryMapBytes(target: LoadTarget): Uint8Array {
  const out = new TableWriter();
  for (const { start, end, type } of memoryMap(target.ramBytes))
    out
      .u64(start)
      .u64(end - start)
      .u32(type, 0);
  return out.bytes();
}
