import type { AccessSize, BusHandler } from './access.js';

/** Registers of an 8-bit chip. */
export interface ByteRegisters {
  read(offset: number): number;
  write(offset: number, value: number): void;
}

/**
 * An 8-bit chip on the bus: a wider access becomes one cycle for each byte at rising addresses, as an ISA bridge makes
 * of it. A byte past the chip's range reads as 0xff and goes nowhere.
 */
export function byteHandler(chip: ByteRegisters, count: number): BusHandler {
  return {
    read(offset, size) {
      if (size === 1) return chip.read(offset);
      let value = 0;
      for (let i = 0; i < size; i++) {
        const byte = offset + i < count ? chip.read(offset + i) : 0xff;
        value |= byte << (8 * i);
      }
      return value >>> 0;
    },
    write(offset, value, size: AccessSize) {
      for (let i = 0; i < size && offset + i < count; i++) chip.write(offset + i, (value >>> (8 * i)) & 0xff);
    },
  };
}
