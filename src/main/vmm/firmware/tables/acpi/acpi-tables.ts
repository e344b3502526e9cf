import { acpiArea } from '../memory-map.js';
import { dsdtBody, type DsdtOptions } from './dsdt.js';
import { facs, fadt, hpet, madt, rsdp, rsdt, table, xsdt } from './tables.js';

export interface PlacedTable {
  readonly address: number;
  readonly bytes: Uint8Array;
}

export interface AcpiTables {
  readonly rsdp: Uint8Array;
  readonly placed: readonly PlacedTable[];
}

/** All ACPI tables, laid out in the area the memory map reserves for them. @throws RangeError if they do not fit */
export function acpiTables(ramBytes: number, options: DsdtOptions): AcpiTables {
  const area = acpiArea(ramBytes);
  const placed: PlacedTable[] = [];
  let next = area.tables;
  const place = (bytes: Uint8Array): number => {
    const address = next;
    next = Math.ceil((address + bytes.length) / 16) * 16;
    if (next > area.tablesEnd) throw new RangeError('the ACPI tables do not fit in their area');
    placed.push({ address, bytes });
    return address;
  };
  placed.push({ address: area.nvs, bytes: facs() });
  const dsdt = place(table('DSDT', 2, dsdtBody(options)));
  const tables = [
    place(fadt(options.map, { facs: area.nvs, dsdt })),
    place(madt(options.map)),
    place(hpet(options.map)),
  ];
  return { rsdp: rsdp(place(rsdt(tables)), place(xsdt(tables))), placed };
}
