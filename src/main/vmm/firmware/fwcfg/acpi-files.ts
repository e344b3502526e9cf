import { dsdtBody, type DsdtOptions } from '../tables/acpi/dsdt.js';
import { facs, fadt, hpet, madt, rsdp, rsdt, RSDP_BYTES, table, xsdt } from '../tables/acpi/tables.js';
import { TableLoaderScript } from './table-loader.js';

const TABLES = 'etc/acpi/tables';
const ROOT = 'etc/acpi/rsdp';
const CHECKSUM_OFFSET = 9;
const ENTRIES_OFFSET = 36;
/** Pointers in the FADT: 32-bit FACS and DSDT, 64-bit ones. */
const FADT_POINTERS = [[36, 4], [40, 4], [132, 8], [140, 8]] as const; // prettier-ignore

export interface NamedFile {
  readonly name: string;
  readonly content: Uint8Array;
}

/** Collects tables in one file, remembering where each begins. */
class TableFile {
  private readonly parts: { readonly offset: number; readonly bytes: Uint8Array }[] = [];
  length = 0;

  add(bytes: Uint8Array, alignment = 16): number {
    const offset = Math.ceil(this.length / alignment) * alignment;
    this.parts.push({ offset, bytes });
    this.length = offset + bytes.length;
    return offset;
  }

  bytes(): Uint8Array {
    const all = new Uint8Array(this.length);
    for (const { offset, bytes } of this.parts) all.set(bytes, offset);
    return all;
  }
}

/** The ACPI tables as files with a loader script: addresses are offsets until the firmware has placed them. */
export function acpiFiles(options: DsdtOptions): readonly NamedFile[] {
  const file = new TableFile();
  const script = new TableLoaderScript().allocate(TABLES, 64, 'high').allocate(ROOT, 16, 'fSegment');
  const facsAt = file.add(facs(), 64);
  const dsdtAt = file.add(table('DSDT', 2, dsdtBody(options)));
  const linked: {
    readonly at: number;
    readonly length: number;
    readonly pointers: readonly (readonly [number, 4 | 8])[];
  }[] = [];
  const add = (bytes: Uint8Array, pointers: readonly (readonly [number, 4 | 8])[] = []): number => {
    bytes[CHECKSUM_OFFSET] = 0;
    const at = file.add(bytes);
    linked.push({ at, length: bytes.length, pointers });
    return at;
  };
  const tables = [
    add(fadt(options.map, { facs: facsAt, dsdt: dsdtAt }), FADT_POINTERS),
    add(madt(options.map)),
    add(hpet(options.map)),
  ];
  const entry = (bytes: 4 | 8) => tables.map((_, i) => [ENTRIES_OFFSET + i * bytes, bytes] as const);
  const rsdtAt = add(rsdt(tables), entry(4));
  const xsdtAt = add(xsdt(tables), entry(8));
  for (const { at, length, pointers } of linked) {
    for (const [offset, bytes] of pointers) script.addPointer(TABLES, TABLES, at + offset, bytes);
    script.addChecksum(TABLES, at + CHECKSUM_OFFSET, at, length);
  }
  const root = rsdp(rsdtAt, xsdtAt);
  root[8] = 0;
  root[32] = 0;
  script.addPointer(ROOT, TABLES, 16, 4).addPointer(ROOT, TABLES, 24, 8);
  script.addChecksum(ROOT, 8, 0, 20).addChecksum(ROOT, 32, 0, RSDP_BYTES);
  return [
    { name: TABLES, content: file.bytes() },
    { name: ROOT, content: root },
    { name: 'etc/table-loader', content: script.bytes() },
  ];
}
