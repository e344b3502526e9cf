import { EBDA_BASE } from '../bios/data-area.js';

/** E820 region types (ACPI 6.5, table 15.374). */
export const REGION = { memory: 1, reserved: 2, acpiTables: 3, acpiNvs: 4 } as const;

export interface MemoryRegion {
  readonly start: number;
  readonly end: number;
  readonly type: (typeof REGION)[keyof typeof REGION];
}

/** RAM at its top that holds the ACPI tables; the FACS page is kept over sleep, the rest a guest may reclaim. */
export const ACPI_NVS_BYTES = 0x1000;
export const ACPI_TABLE_BYTES = 0xf000;

const HIGH_MEMORY = 0x10_0000;
const BIOS_START = 0xf_0000;
const ROM_HIGH = 0xfffc_0000;

export interface AcpiArea {
  readonly nvs: number;
  readonly tables: number;
  readonly tablesEnd: number;
}

/** Where the tables go: the last 64 KiB of RAM. */
export function acpiArea(ramBytes: number): AcpiArea {
  const end = ramBytes - (ramBytes % 0x1_0000);
  const nvs = end - ACPI_NVS_BYTES;
  return { tables: nvs - ACPI_TABLE_BYTES, tablesEnd: nvs, nvs };
}

/** The address map as INT 15h E820h, boot_params and the loaders tell it. */
export function memoryMap(ramBytes: number): readonly MemoryRegion[] {
  const acpi = acpiArea(ramBytes);
  const top = acpi.nvs + ACPI_NVS_BYTES;
  return [
    { start: 0, end: EBDA_BASE, type: REGION.memory },
    { start: EBDA_BASE, end: 0xa_0000, type: REGION.reserved },
    { start: BIOS_START, end: HIGH_MEMORY, type: REGION.reserved },
    { start: HIGH_MEMORY, end: acpi.tables, type: REGION.memory },
    { start: acpi.tables, end: acpi.tablesEnd, type: REGION.acpiTables },
    { start: acpi.nvs, end: top, type: REGION.acpiNvs },
    ...(top < ramBytes ? [{ start: top, end: ramBytes, type: REGION.reserved }] : []),
    { start: ROM_HIGH, end: 0x1_0000_0000, type: REGION.reserved },
  ];
}

/** KiB of memory from 1 MiB up that a guest may use. */
export function extendedKiB(ramBytes: number): number {
  return (acpiArea(ramBytes).tables - HIGH_MEMORY) >>> 10;
}
