import type { BoardMap } from '../../board-map.js';
import { checksum, TableWriter } from '../table-writer.js';

const OEM_ID = 'ANNEX';
const OEM_TABLE_ID = 'ANNEXPC';

/** A table with its header (ACPI 6.5, 5.2.6), checksum included. */
export function table(signature: string, revision: number, body: Iterable<number>): Uint8Array {
  const out = new TableWriter().text(signature).u32(0).u8(revision, 0).text(OEM_ID, 6).text(OEM_TABLE_ID, 8);
  const bytes = out.u32(1).text('ANNX').u32(1).raw(body).bytes();
  new DataView(bytes.buffer).setUint32(4, bytes.length, true);
  bytes[9] = checksum(bytes);
  return bytes;
}

const FACS_BYTES = 64;

/** Firmware ACPI control structure (5.2.10): 64-byte-aligned, no checksum. */
export function facs(): Uint8Array {
  return new TableWriter()
    .text('FACS')
    .u32(FACS_BYTES)
    .fill(24, 0)
    .u8(1)
    .fill(FACS_BYTES - 33, 0)
    .bytes();
}

/** Generic address structure (5.2.3.2) of an I/O port. */
function port(out: TableWriter, address: number, bits: number): TableWriter {
  return out.u8(1, bits, 0, 0).u64(address);
}

const NO_C_STATE = 0xffff;
const CENTURY_REGISTER = 0x32;
/** ISA devices and a keyboard controller exist. */
const BOOT_ARCHITECTURE = 0x0003;
/** WBINVD works, C1 exists, no sleep button, RTC wakes not by a fixed event, reset register. */
const FADT_FLAGS = 0x0000_0001 | 0x0000_0004 | 0x0000_0020 | 0x0000_0040 | 0x0000_0400;
const DESKTOP = 1;

/** Fixed ACPI description table, revision 3 (ACPI 2.0; 6.5, 5.2.9). SMI_CMD 0: the board is always in ACPI mode. */
export function fadt(map: BoardMap, addresses: { readonly facs: number; readonly dsdt: number }): Uint8Array {
  const { pmBase } = map;
  const out = new TableWriter();
  out.u32(addresses.facs, addresses.dsdt).u8(1, DESKTOP).u16(map.sciIrq).u32(0).u8(0, 0, 0, 0);
  out.u32(pmBase, 0, pmBase + 4, 0, 0, pmBase + 8, pmBase + 12, 0);
  out.u8(4, 2, 0, 4, 4, 0, 0, 0).u16(NO_C_STATE, NO_C_STATE, 0, 0).u8(0, 0, 0, 0, CENTURY_REGISTER);
  out.u16(BOOT_ARCHITECTURE).u8(0).u32(FADT_FLAGS);
  port(out, map.resetPort, 8).u8(map.resetValue, 0, 0, 0);
  out.u64(addresses.facs).u64(addresses.dsdt);
  port(out, pmBase, 32);
  out.fill(12, 0);
  port(out, pmBase + 4, 16);
  out.fill(24, 0);
  port(out, pmBase + 8, 32);
  port(out, pmBase + 12, 32);
  out.fill(12, 0);
  return table('FACP', 3, out.bytes());
}

const ISA_BUS = 0;
const LEVEL_ACTIVE_HIGH = 0x000d;
const ENABLED = 1;
const ALL_PROCESSORS = 0xff;

/** Multiple APIC description table (5.2.12): one CPU, the I/O APIC, and the lines that are not plain ISA. */
export function madt(map: BoardMap): Uint8Array {
  const out = new TableWriter().u32(map.localApic, 1);
  out.u8(0, 8, 0, 0).u32(ENABLED);
  out.u8(1, 12, map.ioApicId, 0).u32(map.ioApic, 0);
  out.u8(2, 10, ISA_BUS, 0).u32(2).u16(0);
  for (const irq of levelInterrupts(map)) out.u8(2, 10, ISA_BUS, irq).u32(irq).u16(LEVEL_ACTIVE_HIGH);
  out.u8(4, 6, ALL_PROCESSORS).u16(0).u8(1);
  return table('APIC', 3, out.bytes());
}

/** ISA interrupts PCI and ACPI use: level-triggered, active high. */
export function levelInterrupts(map: BoardMap): readonly number[] {
  return [...new Set([5, map.sciIrq, ...map.pirqIrqs])].sort((a, b) => a - b);
}

/** Intel, three comparators, 64-bit counter, legacy replacement capable (HPET 1.0a, 2.3.4). */
const HPET_BLOCK_ID = 0x8086_a201;
const HPET_MINIMUM_TICK = 100;

export function hpet(map: BoardMap): Uint8Array {
  const out = new TableWriter().u32(HPET_BLOCK_ID).u8(0, 0, 0, 0).u64(map.hpet);
  return table('HPET', 1, out.u8(0).u16(HPET_MINIMUM_TICK).u8(0).bytes());
}

export const rsdt = (tables: readonly number[]): Uint8Array =>
  table('RSDT', 1, new TableWriter().u32(...tables).bytes());

export function xsdt(tables: readonly number[]): Uint8Array {
  const out = new TableWriter();
  for (const address of tables) out.u64(address);
  return table('XSDT', 1, out.bytes());
}

export const RSDP_BYTES = 36;

/** Root system description pointer, revision 2 (5.2.5.3): one checksum over 20 bytes, one over all. */
export function rsdp(rsdtAddress: number, xsdtAddress: number): Uint8Array {
  const out = new TableWriter()
    .text('RSD PTR ')
    .u8(0)
    .text(OEM_ID, 6)
    .u8(2)
    .u32(rsdtAddress, RSDP_BYTES)
    .u64(xsdtAddress);
  const bytes = out.fill(4, 0).bytes();
  bytes[8] = checksum(bytes.subarray(0, 20));
  bytes[32] = checksum(bytes);
  return bytes;
}
