import { openBus, type AccessSize, type BusHandler } from './access.js';

interface MmioRegion {
  readonly start: number;
  readonly end: number;
  readonly handler: BusHandler;
}

/**
 * Physical addresses answered by devices. The page map decides what is memory; only what it leaves as MMIO comes here,
 * so a region needs no page alignment and several may share a page. A later mapping wins until it is undone.
 */
export class MmioBus {
  private regions: MmioRegion[] = [];

  map(start: number, bytes: number, handler: BusHandler): () => void {
    const region = { start, end: start + bytes, handler };
    this.regions.unshift(region);
    return () => {
      this.regions = this.regions.filter((r) => r !== region);
    };
  }

  read(address: number, size: AccessSize): number {
    const region = this.find(address);
    return region ? region.handler.read(address - region.start, size) >>> 0 : openBus(size);
  }

  write(address: number, value: number, size: AccessSize): void {
    const region = this.find(address);
    region?.handler.write(address - region.start, value >>> 0, size);
  }

  private find(address: number): MmioRegion | undefined {
    for (const region of this.regions) if (address >= region.start && address < region.end) return region;
    return undefined;
  }
}
