import type { GuestMemory } from '../memory/guest-memory.js';
import type { Unmap } from './pci-fabric.js';

interface WindowMapping {
  readonly start: number;
  readonly bytes: number;
  readonly hostOffset: number;
}

/**
 * The physical window the host bridge forwards to PCI, for memory-backed regions. A region outside it, or over RAM, is
 * not decoded; of two regions a guest puts over each other the later one answers, until it moves away.
 */
export class PciMemoryWindow {
  private mappings: WindowMapping[] = [];

  /** @param start first address above RAM @param end first address after the window */
  constructor(
    private readonly memory: GuestMemory,
    private readonly start: number,
    private readonly end: number,
  ) {}

  contains(address: number, bytes: number): boolean {
    return address >= this.start && address + bytes <= this.end;
  }

  map(address: number, bytes: number, hostOffset: number): Unmap {
    if (!this.contains(address, bytes)) return () => undefined;
    const mapping = { start: address, bytes, hostOffset };
    this.mappings.push(mapping);
    this.memory.mapRam(address, hostOffset, bytes);
    return () => {
      this.mappings = this.mappings.filter((other) => other !== mapping);
      this.memory.unmap(address, bytes);
      for (const other of this.mappings) {
        if (overlaps(other, mapping)) this.memory.mapRam(other.start, other.hostOffset, other.bytes);
      }
    };
  }
}

function overlaps(a: WindowMapping, b: WindowMapping): boolean {
  return a.start < b.start + b.bytes && b.start < a.start + a.bytes;
}
