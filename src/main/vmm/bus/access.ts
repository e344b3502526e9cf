/** Width of a bus access in bytes. 64-bit accesses reach a device as two of 32 bits, low half first. */
export type AccessSize = 1 | 2 | 4;

/** All-ones of a width, as an unsigned number: what an access nobody answers reads as. */
export function openBus(size: AccessSize): number {
  return size === 4 ? 0xffff_ffff : (1 << (size * 8)) - 1;
}

/** Answers a range of I/O ports or physical addresses. Values are unsigned. */
export interface BusHandler {
  /** @param address offset from the start of the registered range */
  read(offset: number, size: AccessSize): number;
  write(offset: number, value: number, size: AccessSize): void;
}
