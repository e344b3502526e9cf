import type { AddressSpace } from '../bios/address-space.js';
import type { FirmwareHost } from '../firmware.js';
import { ROM_BASE, type BiosRom } from '../rom/bios-rom.js';
import { acpiTables, type AcpiTables } from './acpi/acpi-tables.js';
import { mpTable } from './mp-table.js';
import { pciIrqRoutingTable } from './pci-irq-routing.js';
import { smbiosTables } from './smbios.js';

/** All tables the built-in BIOS gives a guest: those found by searching lie in the ROM, the ACPI ones in RAM. */
export class GuestTables {
  readonly acpi: AcpiTables;
  private rsdp = 0;

  constructor(private readonly host: FirmwareHost) {
    this.acpi = acpiTables(host.memory.ramBytes, {
      map: host.map,
      floppies: host.drives.filter((drive) => drive.kind === 'floppy').length,
      serialPorts: host.options.serialPorts,
    });
  }

  /** Physical address of the ACPI root pointer, once placed. */
  get rsdpAddress(): number {
    return this.rsdp;
  }

  placeInRom(rom: BiosRom): void {
    const { host } = this;
    let next = rom.tables.start;
    const place = (bytesAt: (address: number) => Uint8Array): number => {
      const address = next;
      const bytes = bytesAt(address);
      next = Math.ceil((address + bytes.length) / 16) * 16;
      if (next > rom.tables.end) throw new RangeError('the tables do not fit in the ROM');
      rom.image.set(bytes, address - ROM_BASE);
      return address;
    };
    this.rsdp = place(() => this.acpi.rsdp);
    const smbios = smbiosTables({ machineId: host.options.machineId, ramBytes: host.memory.ramBytes });
    const structures = place(() => smbios.structures);
    place(() => smbios.entryPoint(structures));
    place((address) => mpTable(host.map, address));
    place(() => pciIrqRoutingTable(host.map));
  }

  placeInRam(memory: AddressSpace): void {
    for (const { address, bytes } of this.acpi.placed) memory.writeBytes(address, bytes);
  }
}
