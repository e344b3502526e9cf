import { AddressSpace } from './bios/address-space.js';
import { BiosServices } from './bios/bios-services.js';
import { currentTranslation } from './bios/paging.js';
import type { DriveNumbering } from './bios/disk/drives.js';
import { ServiceCall } from './bios/service-call.js';
import { TrapDispatcher } from './bios/trap-dispatcher.js';
import { STATIC_FUNCTIONALITY } from './bios/video/information-functions.js';
import type { Firmware, FirmwareHost, FirmwareState, KernelImage } from './firmware.js';
import { romFonts } from './font/rom-fonts.js';
import { kernelKind, planKernel } from './loaders/kernel.js';
import type { LoadPlan } from './loaders/load-plan.js';
import { buildBiosRom, TRAP_PORT, type BiosRom } from './rom/bios-rom.js';
import { GuestTables } from './tables/guest-tables.js';

/** Everything that exists once the firmware is part of a machine. */
interface Installed {
  readonly services: BiosServices;
  readonly dispatcher: TrapDispatcher;
}

/**
 * The built-in BIOS (docs/firmware.md). Its ROM's stubs trap to TypeScript by an OUT, on every engine alike; its state
 * is the guest's own memory and the chips, but for which drive has which number.
 */
export class BuiltinBios implements Firmware {
  private installed: Installed | undefined;

  /** @param kernel started instead of a boot device @throws FirmwareError if it is no kernel */
  constructor(private readonly kernel?: KernelImage) {
    if (kernel) kernelKind(kernel.kernel);
  }

  /** @throws FirmwareError if the kernel does not fit in the machine */
  install(host: FirmwareHost): Uint8Array {
    const rom = buildBiosRom({ ...romFonts(), functionality: STATIC_FUNCTIONALITY });
    const tables = new GuestTables(host);
    tables.placeInRom(rom);
    const target = { ramBytes: host.memory.ramBytes, rsdp: tables.rsdpAddress };
    this.connect(host, rom, tables, this.kernel && planKernel(this.kernel, target, tables.acpi.rsdp));
    return rom.image;
  }

  reset(): void {
    const { services, dispatcher } = this.parts;
    services.reset();
    dispatcher.reset();
  }

  saveState(): FirmwareState {
    return { version: 1, data: { numbering: { ...this.parts.services.drives.numbering } } };
  }

  loadState(state: FirmwareState): void {
    this.parts.dispatcher.reset();
    this.parts.services.drives.numbering = { ...(state.data['numbering'] as DriveNumbering) };
  }

  private get parts(): Installed {
    if (!this.installed) throw new Error('the firmware is not part of a machine yet');
    return this.installed;
  }

  private connect(host: FirmwareHost, rom: BiosRom, tables: GuestTables, kernel: LoadPlan | undefined): void {
    const memory = new AddressSpace(host.memory, host.mmio);
    const call = new ServiceCall(host.cpu.registers, memory);
    const services = new BiosServices({ host, rom, memory, tables, kernel });
    const dispatcher = new TrapDispatcher(rom, services.handlers, host.cpu.registers, call, {
      yieldUntilEvent: () => host.yieldUntilEvent(),
      log: (line) => host.log(line),
      prepare: () =>
        memory.usePaging(call.virtual8086 ? currentTranslation(host.cpu.saveState(), host.memory) : undefined),
    });
    host.ports.map(TRAP_PORT, 1, dispatcher);
    this.installed = { services, dispatcher };
  }
}
