import { openBus, type AccessSize, type BusHandler } from './access.js';

interface PortMapping {
  readonly first: number;
  readonly last: number;
  readonly handler: BusHandler;
}

export const PORT_COUNT = 0x1_0000;

/** The 64 Ki I/O ports. An access that starts in a range goes to its handler whole; a handler splits what it must. */
export class PortBus {
  private readonly ports = new Array<PortMapping | undefined>(PORT_COUNT).fill(undefined);
  private readonly mappings: PortMapping[] = [];

  /**
   * Maps `count` ports from `first`; returns the function that unmaps them. A later mapping wins until it is undone,
   * in whatever order a guest that moves its PCI regions over others undoes them.
   */
  map(first: number, count: number, handler: BusHandler): () => void {
    const mapping = { first, last: Math.min(first + count, PORT_COUNT) - 1, handler };
    this.mappings.push(mapping);
    this.ports.fill(mapping, first, mapping.last + 1);
    return () => {
      const index = this.mappings.indexOf(mapping);
      if (index < 0) return;
      this.mappings.splice(index, 1);
      for (let port = first; port <= mapping.last; port++) this.ports[port] = this.topmost(port);
    };
  }

  read(port: number, size: AccessSize): number {
    const mapping = this.ports[port];
    return mapping ? mapping.handler.read(port - mapping.first, size) >>> 0 : openBus(size);
  }

  write(port: number, value: number, size: AccessSize): void {
    const mapping = this.ports[port];
    mapping?.handler.write(port - mapping.first, value >>> 0, size);
  }

  private topmost(port: number): PortMapping | undefined {
    return this.mappings.findLast((mapping) => port >= mapping.first && port <= mapping.last);
  }
}
