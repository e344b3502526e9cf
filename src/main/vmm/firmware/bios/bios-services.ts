import { deviceFunction, PciConfigSpace } from './pci/config-space.js';
import type { FirmwareHost } from '../firmware.js';
import type { LoadPlan } from '../loaders/load-plan.js';
import { CODE_SEGMENT, type BiosRom, type ServiceName } from '../rom/bios-rom.js';
import type { GuestTables } from '../tables/guest-tables.js';
import type { AddressSpace } from './address-space.js';
import { BootLoader } from './boot/boot-loader.js';
import { BootService } from './boot/boot-service.js';
import { startKernel } from './boot/kernel-start.js';
import { BDA } from './data-area.js';
import { BlockIo } from './disk/block-io.js';
import { DiskService } from './disk/disk-service.js';
import { DriveTable } from './disk/drives.js';
import { KeyBuffer } from './keyboard/key-buffer.js';
import { KeyInterrupt, type KeyAction } from './keyboard/key-interrupt.js';
import { KeyboardService } from './keyboard/keyboard-service.js';
import { AuxiliaryPort } from './mouse/auxiliary-port.js';
import { MouseService } from './mouse/mouse-service.js';
import { PciBios } from './pci/pci-bios.js';
import { writeCmos, writeDataAreas, writeInterruptVectors, type DataAreaFacts } from './post/data-areas.js';
import { initHardware } from './post/hardware.js';
import { setUpPci } from './post/pci-setup.js';
import type { Service, ServiceCall, Wait } from './service-call.js';
import { bios32Service } from './system/bios32.js';
import { Cmos } from './system/cmos.js';
import { floppyInterrupt, realTimeClock, unexpectedInterrupt } from './system/interrupts.js';
import { printerStatus } from './system/printer-service.js';
import { SerialService } from './system/serial-service.js';
import { SystemService } from './system/system-service.js';
import { tick, TimeService } from './system/time-service.js';
import { Dispi } from './video/dispi.js';
import { Screen } from './video/screen.js';
import { VesaBios } from './video/vesa-bios.js';
import { VgaRegisters } from './video/vga-registers.js';
import { VideoService } from './video/video-service.js';

const TEXT_MODE = 0x03;
const KEYBOARD_DATA = 0x60;
const SET_LEDS = 0xed;

export interface BiosContext {
  readonly host: FirmwareHost;
  readonly rom: BiosRom;
  readonly memory: AddressSpace;
  readonly tables: GuestTables;
  /** Started instead of a boot device. */
  readonly kernel: LoadPlan | undefined;
}

/** All services of the BIOS, wired together: one handler for each name a ROM stub traps with. */
export class BiosServices {
  readonly drives: DriveTable;
  readonly handlers: Readonly<Record<ServiceName, Service>>;
  private readonly config: PciConfigSpace;
  private readonly cmos: Cmos;
  private readonly keys: KeyBuffer;
  private readonly keyInterrupt: KeyInterrupt;
  private readonly screen: Screen;
  private readonly boot: BootService;

  constructor(private readonly context: BiosContext) {
    const { host, rom, memory } = context;
    this.drives = new DriveTable(host.drives);
    this.config = new PciConfigSpace(host.ports);
    this.cmos = new Cmos(host.ports);
    this.keys = new KeyBuffer(memory);
    this.keyInterrupt = new KeyInterrupt(memory, this.keys, (leds) => this.setLeds(leds));
    this.screen = new Screen(memory, new VgaRegisters(host.ports), rom);
    const io = new BlockIo(host.memory, memory);
    this.boot = this.bootService(new BootLoader(this.drives, io, memory));
    this.handlers = this.handlerTable(io);
  }

  reset(): void {
    this.drives.reset();
    this.boot.reset();
  }

  private bootService(loader: BootLoader): BootService {
    const { host, kernel, memory, rom } = this.context;
    return new BootService({
      screen: this.screen,
      keys: this.keys,
      timers: host.timers,
      loader,
      drives: host.drives,
      options: host.options,
      startKernel: kernel ? (call) => startKernel(kernel, call, memory, rom) : undefined,
      log: (line) => host.log(line),
    });
  }

  private handlerTable(io: BlockIo): Readonly<Record<ServiceName, Service>> {
    const { host, rom } = this.context;
    const place = (label: string) => ({ segment: CODE_SEGMENT, offset: rom.address(label) & 0xffff });
    const mouse = new MouseService(new AuxiliaryPort(host.ports, host.timers));
    const pci = new PciBios(this.config, host.map);
    const vesa = new VesaBios(this.screen, new Dispi(host.ports), rom, () => this.frameBuffer());
    const video = new VideoService(this.screen, vesa);
    const disk = new DiskService({ drives: this.drives, io, disketteParameters: place('disketteParameters') });
    const keyboard = new KeyboardService(this.keys);
    const serial = new SerialService(host.ports, host.timers);
    const time = new TimeService(this.cmos, pci);
    const system = new SystemService({
      ports: host.ports,
      cmos: this.cmos,
      timers: host.timers,
      mouse,
      ramBytes: host.memory.ramBytes,
      configuration: place('configuration'),
    });
    return {
      post: (call) => this.post(call),
      boot: (call) => this.boot.boot(call),
      noBoot: (call) => this.boot.next(call),
      video: (call) => video.handle(call),
      equipment: (call) => void (call.ax = call.memory.read16(BDA.equipment)),
      memorySize: (call) => void (call.ax = call.memory.read16(BDA.memoryKiB)),
      disk: (call) => disk.handle(call),
      serial: (call) => serial.handle(call),
      system: (call) => system.handle(call),
      keyboard: (call) => keyboard.handle(call),
      printer: printerStatus,
      time: (call) => time.handle(call),
      tick,
      scanCode: (call) => this.scanCode(call),
      pauseKey: () => this.pause(),
      realTimeClock: (call) => realTimeClock(call, this.cmos, rom.address('alarm')),
      mouse: (call) => mouse.interrupt(call, rom.address('mouseCall')),
      floppyInterrupt: (call) => floppyInterrupt(call, host.ports),
      unexpectedInterrupt: () => unexpectedInterrupt(host.ports),
      printScreen: () => {},
      bios32: (call) => bios32Service(call, rom),
      pciBios32: (call) => pci.handle(call),
    };
  }

  private *post(call: ServiceCall): Generator<Wait, void> {
    const { host, rom, memory, tables } = this.context;
    const facts: DataAreaFacts = {
      drives: this.drives,
      options: host.options,
      ramBytes: host.memory.ramBytes,
      cmos: this.cmos,
    };
    initHardware(host.ports, host.map);
    setUpPci(this.config, host.map);
    writeCmos(facts);
    writeInterruptVectors(memory, rom);
    writeDataAreas(memory, facts);
    this.keys.reset();
    this.screen.setMode(TEXT_MODE);
    tables.placeInRam(memory);
    this.print(`Annex BIOS, ${host.memory.ramBytes >>> 20} MiB\r\n`);
    call.eax = 0;
    yield* this.boot.offerMenu();
  }

  private scanCode(call: ServiceCall): void {
    const { rom, host } = this.context;
    const action = this.keyInterrupt.handle(call.al);
    const places: Readonly<Partial<Record<KeyAction, string>>> = {
      'break': 'breakKey',
      'print-screen': 'printScreenKey',
      'pause': 'pauseKey',
    };
    const label = places[action];
    if (label) call.jump(rom.address(label));
    if (action === 'reset') host.ports.write(host.map.resetPort, host.map.resetValue, 1);
  }

  private *pause(): Generator<Wait, void> {
    while (this.keyInterrupt.paused) yield 'interrupt';
  }

  private setLeds(leds: number): void {
    const { ports } = this.context.host;
    ports.write(KEYBOARD_DATA, SET_LEDS, 1);
    ports.write(KEYBOARD_DATA, leds, 1);
  }

  private frameBuffer(): number {
    return this.config.read(deviceFunction(this.context.host.map.pci.vga), 0x10, 4) & 0xffff_fff0;
  }

  private print(text: string): void {
    for (const c of text) this.screen.teletype(this.screen.activePage, c.charCodeAt(0));
  }
}
