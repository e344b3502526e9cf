import { openBus, type AccessSize, type BusHandler } from './access.js';

interface PortMapping {
  readonly first: number;
  readonly handler: BusHandler;
}

export const PORT_COUNT = 0x1_0000;

/** The 64 Ki I/O ports. An access that starts in a range goes to its handler whole; a handler splits what it must. */
export class PortBus {
  private readonly ports: (PortMapping | undefined)[] = new Array<PortMapping | undefined>(PORT_COUNT);

  /** Maps `count` ports from `first`; returns the function that unmaps them. A later mapping wins until it is undone. */
  map(first: number, count: number, handler: BusHandler): () => void {
    const last = Math.min(first + count, PORT_COUNT);
    const before = this.ports.slice(first, last);
    const mapping = { first, handler };
    this.ports.fill(mapping, first, last);
    return () => {
      for (let port = first; port < last; port++) {
        if (this.ports[port] === mapping) this.ports[port] = before[port - first];
      }
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
}
