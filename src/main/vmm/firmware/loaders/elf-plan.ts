import type { ElfSegment } from './elf.js';
import { HIGH_MEMORY, invalidKernel, tooLittleMemory, type Chunk, type LoadPlan } from './load-plan.js';

/** Segments as chunks and zeroed ranges, checked to lie between 1 MiB and `limit`, and where they end. */
export function planSegments(
  segments: readonly ElfSegment[],
  limit: number,
): Pick<LoadPlan, 'chunks' | 'zeroed'> & { readonly end: number } {
  if (segments.length === 0) throw invalidKernel('it has nothing to load');
  const chunks: Chunk[] = [];
  const zeroed: { address: number; length: number }[] = [];
  let end = HIGH_MEMORY;
  for (const { physicalAddress, bytes, memoryBytes } of segments) {
    if (physicalAddress < HIGH_MEMORY) throw invalidKernel('it wants to be loaded below 1 MiB');
    if (physicalAddress + memoryBytes > limit) throw tooLittleMemory(physicalAddress + memoryBytes);
    chunks.push({ address: physicalAddress, bytes });
    zeroed.push({ address: physicalAddress + bytes.length, length: memoryBytes - bytes.length });
    end = Math.max(end, physicalAddress + memoryBytes);
  }
  return { chunks, zeroed, end: Math.ceil(end / 0x1000) * 0x1000 };
}
