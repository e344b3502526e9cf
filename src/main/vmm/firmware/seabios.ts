import type { Firmware, FirmwareHost, FirmwareState } from './firmware.js';
import { FirmwareError } from './firmware.js';
import { acpiFiles } from './fwcfg/acpi-files.js';
import { bootOrderFile } from './fwcfg/boot-order-file.js';
import { FwCfgDevice, ITEM, type FwCfgState } from './fwcfg/fw-cfg-device.js';
import { smbiosTables } from './tables/smbios.js';
import { TableWriter } from './tables/table-writer.js';

/** Files of SeaBIOS as the host's package has them. */
export interface SeaBiosImages {
  /** bios-256k.bin or bios.bin. */
  readonly bios: Uint8Array;
  /** vgabios-stdvga.bin. */
  readonly vgaBios: Uint8Array;
}

const BLOCK = 0x1_0000;
const MAX_BIOS_BYTES = 16 << 20;
const OPTION_ROM_SIGNATURE = 0xaa55;
const RAM = 1;
/** At the reset vector, 16 bytes before the end: a far jump. */
const RESET_VECTOR = 16;
const JUMP_FAR = 0xea;

/** @throws FirmwareError `firmware-invalid` */
function checkImages({ bios, vgaBios }: SeaBiosImages): void {
  const invalid = (file: string): FirmwareError =>
    new FirmwareError(
      'firmware-invalid',
      `The ${file} file is not one SeaBIOS builds. Reinstall the package it came from.`,
    );
  if (bios.length < BLOCK || bios.length > MAX_BIOS_BYTES || bios.length % BLOCK !== 0) throw invalid('BIOS');
  if (bios[bios.length - RESET_VECTOR] !== JUMP_FAR) throw invalid('BIOS');
  if (vgaBios.length < 512 || (vgaBios[0]! | (vgaBios[1]! << 8)) !== OPTION_ROM_SIGNATURE) throw invalid('VGA BIOS');
}

/** SeaBIOS from the host, told about the machine through the firmware configuration device (docs/firmware.md). */
export class SeaBios implements Firmware {
  private device: FwCfgDevice | undefined;

  /** @throws FirmwareError `firmware-invalid` */
  constructor(private readonly images: SeaBiosImages) {
    checkImages(images);
  }

  install(host: FirmwareHost): Uint8Array {
    const device = new FwCfgDevice(host.memory);
    describeMachine(device, host);
    device.addFile('vgaroms/vgabios-stdvga.bin', this.images.vgaBios);
    device.attach(host.ports);
    this.device = device;
    return this.images.bios;
  }

  reset(): void {
    this.parts.reset();
  }

  saveState(): FirmwareState {
    return { version: 1, data: { fwCfg: this.parts.saveState() } };
  }

  loadState(state: FirmwareState): void {
    this.parts.loadState(state.data['fwCfg'] as FwCfgState);
  }

  private get parts(): FwCfgDevice {
    if (!this.device) throw new Error('the firmware is not part of a machine yet');
    return this.device;
  }
}

function describeMachine(device: FwCfgDevice, host: FirmwareHost): void {
  const { memory, map, drives, options } = host;
  const { ramBytes } = memory;
  device.setItem(ITEM.ramSize, new TableWriter().u64(ramBytes).bytes());
  device.setItem(ITEM.cpus, new TableWriter().u16(1).bytes());
  device.setItem(ITEM.maxCpus, new TableWriter().u16(1).bytes());
  device.setItem(ITEM.irq0Override, new TableWriter().u32(1).bytes());
  device.setItem(ITEM.bootMenu, new TableWriter().u16(options.bootMenuMs > 0 ? 1 : 0).bytes());
  device.addFile('etc/e820', new TableWriter().u64(0).u64(ramBytes).u32(RAM).bytes());
  device.addFile('bootorder', bootOrderFile(drives, options.bootOrder, map));
  if (options.bootMenuMs > 0) device.addFile('etc/boot-menu-wait', new TableWriter().u16(options.bootMenuMs).bytes());
  const smbios = smbiosTables({ machineId: options.machineId, ramBytes });
  device.addFile('etc/smbios/smbios-tables', smbios.structures);
  device.addFile('etc/smbios/smbios-anchor', smbios.entryPoint(0));
  const floppies = drives.filter((drive) => drive.kind === 'floppy').length;
  for (const { name, content } of acpiFiles({ map, floppies, serialPorts: options.serialPorts }))
    device.addFile(name, content);
}
