import { checksum, TableWriter } from './table-writer.js';

/** What the tables say of the machine. */
export interface SmbiosFacts {
  /** RFC 4122 UUID. */
  readonly machineId: string;
  readonly ramBytes: number;
}

const MANUFACTURER = 'Annex';
const PRODUCT = 'Annex Virtual Machine';
const VERSION = '1.0';
const RELEASE_DATE = '01/01/2026';

/** Builds structures one after the other: handle, formatted part, strings (DSP0134 2.8, section 6.1). */
class StructureWriter {
  readonly out = new TableWriter();
  count = 0;
  largest = 0;

  add(type: number, handle: number, body: TableWriter, strings: readonly string[] = []): void {
    const before = this.out.length;
    this.out
      .u8(type, body.length + 4)
      .u16(handle)
      .raw(body.bytes());
    for (const text of strings) this.out.text(text).u8(0);
    this.out.u8(...(strings.length === 0 ? [0, 0] : [0]));
    this.count++;
    this.largest = Math.max(this.largest, this.out.length - before);
  }
}

/** SMBIOS 2.6 and later: the first three fields of a UUID are little-endian (7.2.1). */
function uuidBytes(uuid: string): number[] {
  const bytes = (uuid.replaceAll('-', '').match(/../g) ?? []).map((pair) => parseInt(pair, 16));
  const swapped = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];
  return swapped.map((i) => bytes[i] ?? 0);
}

const HANDLE = { bios: 0x0000, system: 0x0100, board: 0x0200, chassis: 0x0300, processor: 0x0400, memoryArray: 0x1000, memoryDevice: 0x1100, mappedAddress: 0x1300, boot: 0x2000, end: 0x7f00 } as const; // prettier-ignore

function describeSystem(structures: StructureWriter, facts: SmbiosFacts): void {
  // Type 0: PCI, upgradeable no, boot from CD, selectable boot, EDD, El Torito; ACPI; a virtual machine.
  const bios = new TableWriter().u8(1, 2).u16(0xf000).u8(3, 0).u64(0x0009_8080).u8(0x01, 0x1c, 1, 0, 0xff, 0xff);
  structures.add(0, HANDLE.bios, bios, [MANUFACTURER, VERSION, RELEASE_DATE]);
  const system = new TableWriter().u8(1, 2, 3, 4).raw(uuidBytes(facts.machineId)).u8(6, 0, 5);
  structures.add(1, HANDLE.system, system, [MANUFACTURER, PRODUCT, VERSION, facts.machineId, MANUFACTURER]);
  const board = new TableWriter().u8(1, 2, 3, 0, 0, 0x01, 0).u16(HANDLE.chassis).u8(0x0a, 0);
  structures.add(2, HANDLE.board, board, [MANUFACTURER, PRODUCT, VERSION]);
  const chassis = new TableWriter().u8(1, 0x01, 2, 0, 0, 3, 3, 3, 3).u32(0).u8(0, 0, 0, 0, 0);
  structures.add(3, HANDLE.chassis, chassis, [MANUFACTURER, VERSION]);
}

function describeProcessor(structures: StructureWriter): void {
  const body = new TableWriter().u8(1, 3, 0x01, 2).u64(0).u8(3, 0).u16(0, 0, 0).u8(0x41, 0x01);
  body.u16(0xffff, 0xffff, 0xffff).u8(0, 0, 0, 1, 1, 1).u16(0x0004, 0x0001);
  structures.add(4, HANDLE.processor, body, ['CPU 0', MANUFACTURER, VERSION]);
}

function describeMemory(structures: StructureWriter, ramBytes: number): void {
  const kibibytes = ramBytes >>> 10;
  const mebibytes = Math.min(ramBytes >>> 20, 0x7fff);
  const array = new TableWriter().u8(0x01, 0x03, 0x06).u32(kibibytes).u16(0xfffe, 1).u64(0);
  structures.add(16, HANDLE.memoryArray, array);
  const device = new TableWriter()
    .u16(HANDLE.memoryArray, 0xfffe, 64, 64, mebibytes)
    .u8(0x09, 0, 1, 0, 0x07)
    .u16(0x0002, 0);
  device.u8(2, 0, 0, 0, 0).u32(0).u16(0, 0, 0, 0);
  structures.add(17, HANDLE.memoryDevice, device, ['DIMM 0', MANUFACTURER]);
  const mapped = new TableWriter()
    .u32(0, kibibytes - 1)
    .u16(HANDLE.memoryArray)
    .u8(1)
    .u64(0)
    .u64(0);
  structures.add(19, HANDLE.mappedAddress, mapped);
}

export interface SmbiosTables {
  /** "_SM_" entry point, to lie 16-byte-aligned in F0000h–FFFFFh. */
  readonly entryPoint: (structuresAddress: number) => Uint8Array;
  readonly structures: Uint8Array;
}

/** System Management BIOS 2.8 (DMTF DSP0134). */
export function smbiosTables(facts: SmbiosFacts): SmbiosTables {
  const writer = new StructureWriter();
  describeSystem(writer, facts);
  describeProcessor(writer);
  describeMemory(writer, facts.ramBytes);
  writer.add(32, HANDLE.boot, new TableWriter().fill(6, 0).u8(0));
  writer.add(127, HANDLE.end, new TableWriter());
  const structures = writer.out.bytes();
  return { structures, entryPoint: (address) => entryPoint(writer, structures.length, address) };
}

function entryPoint(writer: StructureWriter, length: number, address: number): Uint8Array {
  const out = new TableWriter().text('_SM_').u8(0, 0x1f, 2, 8).u16(writer.largest).u8(0, 0, 0, 0, 0, 0);
  const bytes = out.text('_DMI_').u8(0).u16(length).u32(address).u16(writer.count).u8(0x28).bytes();
  bytes[0x15] = checksum(bytes.subarray(0x10));
  bytes[0x04] = checksum(bytes);
  return bytes;
}
