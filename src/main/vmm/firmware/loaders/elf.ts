import { invalidKernel } from './load-plan.js';

const PT_LOAD = 1;
const PT_NOTE = 4;
const EM_386 = 3;
const EM_X86_64 = 62;
/** More than any kernel has; a bigger table is damage or malice. */
const MAX_PROGRAM_HEADERS = 256;

export interface ElfSegment {
  readonly physicalAddress: number;
  readonly bytes: Uint8Array;
  readonly memoryBytes: number;
}

export interface ElfFile {
  readonly entry: number;
  readonly segments: readonly ElfSegment[];
  readonly notes: readonly Uint8Array[];
}

export function isElf(file: Uint8Array): boolean {
  return file.length >= 64 && file[0] === 0x7f && file[1] === 0x45 && file[2] === 0x4c && file[3] === 0x46;
}

interface ProgramHeader {
  readonly type: number;
  readonly offset: number;
  readonly physicalAddress: number;
  readonly fileBytes: number;
  readonly memoryBytes: number;
}

/** Reads fields that differ between the classes. */
class ElfReader {
  readonly view: DataView;
  readonly is64: boolean;

  constructor(readonly file: Uint8Array) {
    this.view = new DataView(file.buffer, file.byteOffset, file.byteLength);
    this.is64 = file[4] === 2;
  }

  u16(at: number): number {
    return this.view.getUint16(at, true);
  }

  /** A native word; beyond 2^53 it is out of every bound anyway. */
  word(at: number): number {
    return this.is64 ? Number(this.view.getBigUint64(at, true)) : this.view.getUint32(at, true);
  }

  programHeader(at: number): ProgramHeader {
    const type = this.view.getUint32(at, true);
    return this.is64
      ? { type, offset: this.word(at + 8), physicalAddress: this.word(at + 24), fileBytes: this.word(at + 32), memoryBytes: this.word(at + 40) }
      : { type, offset: this.word(at + 4), physicalAddress: this.word(at + 12), fileBytes: this.word(at + 16), memoryBytes: this.word(at + 20) };
  } // prettier-ignore
}

/**
 * Parses a little-endian x86 executable; every offset and length is checked against the file.
 * @throws FirmwareError `kernel-invalid`
 */
export function parseElf(file: Uint8Array): ElfFile {
  if (!isElf(file) || (file[4] !== 1 && file[4] !== 2) || file[5] !== 1)
    throw invalidKernel('it is not an x86 ELF file');
  const reader = new ElfReader(file);
  const machine = reader.u16(18);
  if (machine !== EM_386 && machine !== EM_X86_64) throw invalidKernel('the ELF file is not for x86');
  const headers = programHeaders(reader);
  const bytesOf = (h: ProgramHeader): Uint8Array => file.subarray(h.offset, h.offset + h.fileBytes);
  return {
    entry: reader.word(24),
    segments: headers
      .filter((h) => h.type === PT_LOAD && h.memoryBytes > 0)
      .map((h) => ({ physicalAddress: h.physicalAddress, bytes: bytesOf(h), memoryBytes: h.memoryBytes })),
    notes: headers.filter((h) => h.type === PT_NOTE).map(bytesOf),
  };
}

function programHeaders(reader: ElfReader): readonly ProgramHeader[] {
  const { file, is64 } = reader;
  const start = reader.word(is64 ? 32 : 28);
  const entryBytes = reader.u16(is64 ? 54 : 42);
  const count = reader.u16(is64 ? 56 : 44);
  if (count > MAX_PROGRAM_HEADERS || entryBytes < (is64 ? 56 : 32)) throw invalidKernel('its ELF header is damaged');
  if (start + count * entryBytes > file.length) throw invalidKernel('the ELF file is truncated');
  const headers = Array.from({ length: count }, (_, i) => reader.programHeader(start + i * entryBytes));
  for (const h of headers) {
    if (h.offset + h.fileBytes > file.length) throw invalidKernel('the ELF file is truncated');
    if (h.type === PT_LOAD && h.fileBytes > h.memoryBytes)
      throw invalidKernel('an ELF segment is larger than its memory');
  }
  return headers;
}

/** The descriptor of a note (name and type), searched in every note segment. */
export function findNote(elf: ElfFile, name: string, type: number): Uint8Array | undefined {
  for (const notes of elf.notes) {
    const found = findInNotes(notes, name, type);
    if (found) return found;
  }
  return undefined;
}

function findInNotes(notes: Uint8Array, name: string, type: number): Uint8Array | undefined {
  const view = new DataView(notes.buffer, notes.byteOffset, notes.byteLength);
  const aligned = (length: number): number => Math.ceil(length / 4) * 4;
  for (let at = 0; at + 12 <= notes.length;) {
    const [nameBytes, descriptorBytes] = [view.getUint32(at, true), view.getUint32(at + 4, true)];
    const descriptor = at + 12 + aligned(nameBytes);
    if (descriptor + descriptorBytes > notes.length) return undefined;
    const text = String.fromCharCode(...notes.subarray(at + 12, at + 12 + Math.min(nameBytes, 16)));
    if (view.getUint32(at + 8, true) === type && text === `${name}\0`) {
      return notes.subarray(descriptor, descriptor + descriptorBytes);
    }
    at = descriptor + aligned(descriptorBytes);
  }
  return undefined;
}
