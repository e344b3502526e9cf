import { pirqOf, type BoardMap } from '../board-map.js';
import { levelInterrupts } from './acpi/tables.js';
import { checksum, TableWriter } from './table-writer.js';

/** Entry types (MultiProcessor Specification 1.4, table 4-3). */
const ENTRY = { processor: 0, bus: 1, ioApic: 2, ioInterrupt: 3, localInterrupt: 4 } as const;
const INTERRUPT = { normal: 0, nmi: 1, external: 3 } as const;
const BUS = { pci: 0, isa: 1 } as const;
const ENABLED_BOOTSTRAP = 0x03;
const APIC_VERSION = 0x14;
const IO_APIC_VERSION = 0x11;
const ALL_LOCAL_APICS = 0xff;
/** Family 6; FPU, APIC. */
const CPU_SIGNATURE = 0x0600;
const CPU_FEATURES = 0x0000_0201;
/** Trigger and polarity: as the bus has them, or level and active high. */
const CONFORMING = 0x0000;
const LEVEL_HIGH = 0x000d;
const FLOATING_BYTES = 16;

class EntryWriter {
  readonly out = new TableWriter();
  count = 0;

  add(write: (out: TableWriter) => TableWriter): void {
    write(this.out);
    this.count++;
  }
}

/** The floating pointer followed by the configuration table it points to, for a 16-byte-aligned `address`. */
export function mpTable(map: BoardMap, address: number): Uint8Array {
  const entries = new EntryWriter();
  entries.add((out) =>
    out.u8(ENTRY.processor, 0, APIC_VERSION, ENABLED_BOOTSTRAP).u32(CPU_SIGNATURE, CPU_FEATURES, 0, 0),
  );
  entries.add((out) => out.u8(ENTRY.bus, BUS.pci).text('PCI', 6));
  entries.add((out) => out.u8(ENTRY.bus, BUS.isa).text('ISA', 6));
  entries.add((out) => out.u8(ENTRY.ioApic, map.ioApicId, IO_APIC_VERSION, 1).u32(map.ioApic));
  addPciInterrupts(entries, map);
  addIsaInterrupts(entries, map);
  for (const [type, pin] of [[INTERRUPT.external, 0], [INTERRUPT.nmi, 1]] as const) {
    entries.add((out) => out.u8(ENTRY.localInterrupt, type).u16(CONFORMING).u8(BUS.isa, 0, ALL_LOCAL_APICS, pin));
  } // prettier-ignore
  const table = configurationTable(map, entries);
  return Uint8Array.from([...floatingPointer(address + FLOATING_BYTES), ...table]);
}

function addPciInterrupts(entries: EntryWriter, map: BoardMap): void {
  for (let device = 1; device < 32; device++) {
    for (let pin = 0; pin < 4; pin++) {
      const irq = map.pirqIrqs[pirqOf(device, pin)]!;
      entries.add((out) =>
        out
          .u8(ENTRY.ioInterrupt, INTERRUPT.normal)
          .u16(LEVEL_HIGH)
          .u8(BUS.pci, (device << 2) | pin, map.ioApicId, irq),
      );
    }
  }
}

/** ISA interrupts that are not PCI's: IRQ 0 comes in at pin 2, and there is no IRQ 2. */
function addIsaInterrupts(entries: EntryWriter, map: BoardMap): void {
  const level = levelInterrupts(map);
  for (let irq = 0; irq < 16; irq++) {
    if (irq === 2 || (level.includes(irq) && irq !== map.sciIrq)) continue;
    const mode = irq === map.sciIrq ? LEVEL_HIGH : CONFORMING;
    const pin = irq === 0 ? 2 : irq;
    entries.add((out) => out.u8(ENTRY.ioInterrupt, INTERRUPT.normal).u16(mode).u8(BUS.isa, irq, map.ioApicId, pin));
  }
}

function configurationTable(map: BoardMap, entries: EntryWriter): Uint8Array {
  const body = entries.out.bytes();
  const header = new TableWriter()
    .text('PCMP')
    .u16(44 + body.length)
    .u8(4, 0)
    .text('ANNEX', 8)
    .text('ANNEX PC', 12);
  const bytes = header.u32(0).u16(0, entries.count).u32(map.localApic, 0).raw(body).bytes();
  bytes[7] = checksum(bytes);
  return bytes;
}

function floatingPointer(tableAddress: number): Uint8Array {
  const bytes = new TableWriter().text('_MP_').u32(tableAddress).u8(1, 4, 0, 0, 0, 0, 0, 0).bytes();
  bytes[10] = checksum(bytes);
  return bytes;
}
