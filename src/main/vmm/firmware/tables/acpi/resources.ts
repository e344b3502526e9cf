import { buffer, type Aml } from './aml.js';

/** Resource descriptors (ACPI 6.5, section 6.4). */
const word = (value: number): Aml => [value & 0xff, (value >>> 8) & 0xff];
const dword = (value: number): Aml => [...word(value & 0xffff), ...word(value >>> 16)];

/** I/O ports, 16-bit decoded. */
export const io = (first: number, count: number): Aml => [0x47, 0x01, ...word(first), ...word(first), 0x01, count];
/** Edge-triggered, active-high ISA interrupts. */
export const irq = (...numbers: readonly number[]): Aml => [
  0x22,
  ...word(numbers.reduce((mask, n) => mask | (1 << n), 0)),
];
/** A DMA channel in compatibility mode, 8-bit. */
export const dma = (channel: number): Aml => [0x2a, 1 << channel, 0x00];

/** Memory at a fixed address. */
export const memory = (base: number, length: number, writable: boolean): Aml =>
  [0x86, ...word(9), writable ? 1 : 0, ...dword(base), ...dword(length)]; // prettier-ignore

/** Level-triggered, active-high, shared; the device consumes it. */
export const interrupts = (...numbers: readonly number[]): Aml =>
  [0x89, ...word(2 + numbers.length * 4), 0x09, numbers.length, ...numbers.flatMap(dword)]; // prettier-ignore

const PRODUCER_FIXED = 0x0c;

/** Bus numbers a host bridge passes on. */
export const busRange = (first: number, last: number): Aml =>
  [0x88, ...word(13), 0x02, PRODUCER_FIXED, 0, ...word(0), ...word(first), ...word(last), ...word(0), ...word(last - first + 1)]; // prettier-ignore

/** I/O ports a host bridge passes on. */
export const ioWindow = (first: number, last: number): Aml =>
  [0x88, ...word(13), 0x01, PRODUCER_FIXED, 0x03, ...word(0), ...word(first), ...word(last), ...word(0), ...word(last - first + 1)]; // prettier-ignore

/** Memory a host bridge passes on. */
export const memoryWindow = (first: number, last: number): Aml =>
  [0x87, ...word(23), 0x00, PRODUCER_FIXED, 0x01, ...dword(0), ...dword(first), ...dword(last), ...dword(0), ...dword(last - first + 1)]; // prettier-ignore

/** Descriptors with their end tag, as the buffer `_CRS` and `_PRS` return. */
export const resourceTemplate = (...resources: readonly Aml[]): Aml => buffer([...resources.flat(), 0x79, 0x00]);
