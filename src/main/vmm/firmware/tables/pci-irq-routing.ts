import { pirqOf, type BoardMap } from '../board-map.js';
import { deviceFunction } from '../bios/pci/config-space.js';
import { checksum, TableWriter } from './table-writer.js';

/** PIIX3 link values: the configuration registers PIRQRC[A:D] at 60h–63h. */
const FIRST_LINK = 0x60;
/** ISA interrupts a link may be given: 3–7, 9–12, 14, 15. */
const POSSIBLE_IRQS = 0xdef8;
const SLOTS = 32;

export const linkOf = (device: number, pin: number): number => FIRST_LINK + pirqOf(device, pin);

/** The slot entries of the $PIR table, which PCI BIOS B10Eh gives too: 16 bytes each. */
export function routingEntries(map: BoardMap): Uint8Array {
  const out = new TableWriter();
  for (let device = 1; device < SLOTS; device++) {
    out.u8(0, device << 3);
    for (let pin = 0; pin < 4; pin++) out.u8(linkOf(device, pin)).u16(POSSIBLE_IRQS);
    const onBoard = device === map.pci.isaBridge.device || device === map.pci.vga.device;
    out.u8(onBoard ? 0 : device, 0);
  }
  return out.bytes();
}

/** PCI IRQ Routing Table 1.0 (Microsoft, 1997), to lie 16-byte-aligned in F0000h–FFFFFh. */
export function pciIrqRoutingTable(map: BoardMap): Uint8Array {
  const entries = routingEntries(map);
  const exclusive = map.pirqIrqs.reduce((mask, irq) => mask | (1 << irq), 0);
  const out = new TableWriter();
  out.text('$PIR').u16(0x0100, 32 + entries.length);
  out.u8(0, deviceFunction(map.pci.isaBridge)).u16(exclusive);
  out.u16(0x8086, 0x7000).u32(0).fill(11, 0).u8(0);
  out.raw(entries);
  const bytes = out.bytes();
  bytes[31] = checksum(bytes);
  return bytes;
}
