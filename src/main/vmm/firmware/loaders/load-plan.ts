import { FirmwareError } from '../firmware.js';
import { acpiArea } from '../tables/memory-map.js';

/** Bytes to be put at a physical address. */
export interface Chunk {
  readonly address: number;
  readonly bytes: Uint8Array;
}

/** Registers a kernel is entered with, in 32-bit protected mode, paging off, flat segments; others are zero. */
export interface EntryRegisters {
  readonly entry: number;
  readonly eax?: number;
  readonly ebx?: number;
  readonly esi?: number;
}

/** A kernel and what it is told, laid out in memory. */
export interface LoadPlan {
  readonly chunks: readonly Chunk[];
  /** Ranges to be zeroed first (bss). */
  readonly zeroed: readonly { readonly address: number; readonly length: number }[];
  readonly registers: EntryRegisters;
}

/** The machine a kernel is laid out for. */
export interface LoadTarget {
  readonly ramBytes: number;
  /** Physical address of the ACPI root pointer. */
  readonly rsdp: number;
}

/** Where the loaders put what they pass: in conventional memory, clear of the BIOS's stack and of real-mode data. */
export const INFO = {
  boot: 0x1_0000,
  commandLine: 0x2_0000,
  memoryMap: 0x3_0000,
  linuxBootParams: 0x9_0000,
} as const;

export const HIGH_MEMORY = 0x10_0000;
const PAGE = 0x1000;

/** End of the memory a kernel may be put in. */
export const loadLimit = (target: LoadTarget): number => acpiArea(target.ramBytes).tables;

export function invalidKernel(reason: string): FirmwareError {
  return new FirmwareError('kernel-invalid', `This file cannot be started as a kernel: ${reason}.`);
}

export function tooLittleMemory(neededBytes: number): FirmwareError {
  const mebibytes = Math.ceil(neededBytes / 0x10_0000) + 1;
  return new FirmwareError(
    'kernel-invalid',
    `The kernel and its initial RAM disk need about ${mebibytes} MiB. Give the machine more memory.`,
  );
}

/** Page-aligned place for `length` bytes as high as possible below `limit`, but not below `floor`. */
export function placeHigh(length: number, limit: number, floor: number): number {
  const address = Math.floor((limit - length) / PAGE) * PAGE;
  if (address < floor) throw tooLittleMemory(floor + length);
  return address;
}

export const commandLineBytes = (commandLine: string): Uint8Array => {
  const text = new TextEncoder().encode(commandLine);
  const bytes = new Uint8Array(text.length + 1);
  bytes.set(text);
  return bytes;
};
