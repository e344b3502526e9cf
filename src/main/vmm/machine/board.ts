import type { BoardDevice } from '../base/stateful.js';
import type { IrqLine } from '../bus/irq-line.js';
import { sharedIrqLine } from '../bus/irq-line.js';
import type { MmioBus } from '../bus/mmio-bus.js';
import { PortBus } from '../bus/port-bus.js';
import type { RegisterAccess } from '../cpu/engine.js';
import { attachDebugPorts } from '../devices/debug/debug-port.js';
import { displayAdapter, type DisplayAdapter } from '../devices/display/display-adapter.js';
import { I8042 } from '../devices/input/i8042.js';
import { Ps2Keyboard } from '../devices/input/ps2-keyboard.js';
import { Ps2Mouse } from '../devices/input/ps2-mouse.js';
import { VmwareBackdoor } from '../devices/input/vmware-backdoor.js';
import { ApicBus } from '../devices/interrupt/apic-bus.js';
import { CoprocessorError } from '../devices/interrupt/coprocessor-error.js';
import { IoApic } from '../devices/interrupt/io-apic.js';
import { LocalApic } from '../devices/interrupt/local-apic.js';
import { PicPair } from '../devices/interrupt/pic-pair.js';
import { AcpiPm } from '../devices/power/acpi-pm.js';
import { FastA20Port } from '../devices/power/fast-a20-port.js';
import { ResetControl } from '../devices/power/reset-control.js';
import { COM_PORTS, Uart16550 } from '../devices/serial/uart-16550.js';
import { Hpet } from '../devices/timer/hpet.js';
import { I8254 } from '../devices/timer/i8254.js';
import { Mc146818 } from '../devices/timer/mc146818.js';
import { SystemControlPort } from '../devices/timer/system-control-port.js';
import { PC_BOARD, pirqOf } from '../firmware/board-map.js';
import type { A20Gate } from '../memory/a20-gate.js';
import type { PciFabric } from '../pci/pci-fabric.js';
import { I440FxHostBridge, type ShadowControl } from '../pci/i440fx-host-bridge.js';
import { PciMemoryWindow } from '../pci/memory-window.js';
import { CONFIG_ADDRESS_PORT, CONFIG_DATA_PORT, PciBus } from '../pci/pci-bus.js';
import type { PciFunction } from '../pci/pci-function.js';
import { Piix3IsaBridge } from '../pci/piix3-isa-bridge.js';
import { Piix4PowerFunction } from '../pci/piix4-power-function.js';
import { TSC_HZ } from '../time/frequencies.js';
import type { Clock } from '../time/clock.js';
import { TimerQueue } from '../time/timers.js';
import { IsaDmaController } from '../devices/dma/isa-dma-controller.js';
import { I82077aa } from '../devices/storage/floppy/i82077aa.js';
import { Piix3Ide } from '../devices/storage/ide/piix3-ide.js';
import { setUpCmos } from './cmos-setup.js';
import { ideChannels } from './ide-wiring.js';
import { GatedIrqLine, IsaInterrupts } from './isa-interrupts.js';
import type { MachinePorts } from './machine-ports.js';
import type { MachineSpec, SerialPortNumber } from './machine-spec.js';

/** What the board does to the processor and to the machine it is in. */
export interface BoardPorts {
  interruptRequest(asserted: boolean): void;
  nmi(): void;
  init(): void;
  reset(): void;
  powerOff(): void;
  readonly registers: Pick<RegisterAccess, 'get32' | 'set32'>;
}

const FLOPPY_IRQ = 6;
const COPROCESSOR_IRQ = 13;
const FLOPPY_DMA = 2;

/** Registers of the Bochs VBE extension. */
const DISPI_WIDTH = 1;
const DISPI_HEIGHT = 2;
const DISPI_ENABLE = 4;

/** Parts of the board made before it, because the machine needs them too. */
export interface BoardParts {
  readonly mmio: MmioBus;
  readonly shadow: ShadowControl;
  readonly a20: A20Gate;
  readonly clock: Clock;
}

/** In the order interrupts pass through them. */
const CONTROLLERS: readonly string[] = ['pic', 'io-apic', 'local-apic'];

const NO_PEER = { transmit: () => undefined };

/** The i440FX/PIIX class board: every chip, wired. docs/board.md has the maps. */
export class Board {
  readonly ports = new PortBus();
  readonly mmio: MmioBus;
  readonly timers: TimerQueue;
  readonly localApic: LocalApic;
  readonly keyboard = new Ps2Keyboard();
  readonly mouse = new Ps2Mouse();
  readonly backdoor: VmwareBackdoor;
  readonly coprocessor: CoprocessorError;
  readonly display: DisplayAdapter;
  readonly power: AcpiPm;
  private readonly a20: A20Gate;
  private readonly interrupts: IsaInterrupts;
  private readonly pci: PciBus;
  private readonly isaBridge: Piix3IsaBridge;
  private readonly uarts = new Map<SerialPortNumber, Uart16550>();
  private readonly chips = new Map<string, BoardDevice>();

  constructor(
    private readonly spec: MachineSpec,
    private readonly outside: MachinePorts,
    private readonly wires: BoardPorts,
    { mmio, shadow, a20, clock }: BoardParts,
  ) {
    this.mmio = mmio;
    this.a20 = a20;
    this.timers = new TimerQueue(clock);
    const { ioApic, localApic, pic } = this.interruptControllers();
    this.localApic = localApic;
    this.interrupts = new IsaInterrupts(pic, ioApic);
    this.isaBridge = new Piix3IsaBridge((irq) => this.interrupts.line(irq));
    this.pci = this.keep('pci', new PciBus(this.pciFabric()));
    this.ports.map(CONFIG_ADDRESS_PORT, 4, this.pci.addressPort);
    this.ports.map(CONFIG_DATA_PORT, 4, this.pci.dataPort);
    this.plug('host-bridge', 0, 0, new I440FxHostBridge(shadow));
    this.plug('isa-bridge', PC_BOARD.pci.isaBridge.device, PC_BOARD.pci.isaBridge.function, this.isaBridge);
    this.addIde();
    this.addFloppy();
    this.addTimers(ioApic);
    this.coprocessor = this.keep('coprocessor-error', new CoprocessorError(this.interrupts.line(COPROCESSOR_IRQ)));
    this.coprocessor.attach(this.ports);
    this.power = this.addPowerManagement();
    this.backdoor = this.addInput();
    this.addSerialPorts();
    this.display = this.addDisplay();
    attachDebugPorts(this.ports, (byte) => outside.debugConsole(byte));
  }

  serial(port: SerialPortNumber): Uart16550 | undefined {
    return this.uarts.get(port);
  }

  /** Interrupts raised since power-on, as `interrupt.NAME`. */
  interruptCounts(): Record<string, number> {
    return { ...this.interrupts.counts(), 'interrupt.apic-timer': this.localApic.timerInterrupts };
  }

  reset(): void {
    for (const chip of this.chips.values()) chip.reset();
  }

  saveState(): Record<string, unknown> {
    return {
      ...Object.fromEntries([...this.chips].map(([key, chip]) => [key, chip.saveState()])),
      a20: this.a20.enabled,
    };
  }

  /** @throws RangeError if a device of this board is not in the state */
  loadState(devices: Readonly<Record<string, unknown>>): void {
    const load = (key: string, chip: BoardDevice): void => {
      if (devices[key] === undefined) throw new RangeError(`the saved machine has no device '${key}'`);
      chip.loadState(devices[key]);
    };
    // Interrupt controllers last: lines that go up while others load are not interrupts.
    for (const [key, chip] of this.chips) if (!CONTROLLERS.includes(key)) load(key, chip);
    for (const key of CONTROLLERS) load(key, this.chips.get(key)!);
    this.a20.enabled = devices['a20'] === true;
  }

  private keep<Device extends BoardDevice>(key: string, device: Device): Device {
    this.chips.set(key, device);
    return device;
  }

  private plug<Fn extends PciFunction>(key: string, device: number, fn: number, pciFunction: Fn): Fn {
    this.pci.add(device, fn, pciFunction);
    return this.keep(key, pciFunction);
  }

  private interruptControllers(): { ioApic: IoApic; localApic: LocalApic; pic: PicPair } {
    const bus = new ApicBus();
    const ioApic = new IoApic(bus, PC_BOARD.ioApicId);
    const localApic: LocalApic = new LocalApic(0, this.timers, this.mmio, {
      interruptRequest: (asserted) => this.wires.interruptRequest(asserted),
      nmi: () => this.wires.nmi(),
      init: () => this.wires.init(),
      startup: () => undefined, // the bootstrap processor does not wait for one
      broadcastEoi: (vector) => ioApic.endOfInterrupt(vector),
      messages: bus,
      acknowledgeExternal: () => pic.acknowledge(),
    });
    const pic = new PicPair((asserted) => localApic.setExternalInterrupt(asserted));
    bus.add(localApic);
    pic.attach(this.ports);
    ioApic.attach(this.mmio);
    this.keep('pic', pic);
    this.keep('io-apic', ioApic);
    this.keep('local-apic', localApic);
    return { ioApic, localApic, pic };
  }

  private pciFabric(): PciFabric {
    const { memory } = this.outside;
    const window = new PciMemoryWindow(memory, Math.max(memory.ramBytes, PC_BOARD.pciHole.start), PC_BOARD.pciHole.end);
    const pirqs = [0, 1, 2, 3].map((pirq) =>
      sharedIrqLine({ set: (asserted) => this.isaBridge.setPirq(pirq, asserted) }),
    );
    return {
      mapPorts: (first, count, handler) => this.ports.map(first, count, handler),
      mapMmio: (address, bytes, handler) =>
        window.contains(address, bytes) ? this.mmio.map(address, bytes, handler) : () => undefined,
      mapMemory: (address, bytes, hostOffset) => window.map(address, bytes, hostOffset),
      interruptLine: (device, pin) => pirqs[pirqOf(device, pin)]!(),
    };
  }

  private addIde(): void {
    const { memory, drives } = this.outside;
    const channels = ideChannels(memory, this.ports, (irq) => this.interrupts.line(irq), drives);
    this.plug('ide', PC_BOARD.pci.ide.device, PC_BOARD.pci.ide.function, new Piix3Ide(channels));
  }

  private addFloppy(): void {
    const { memory, drives } = this.outside;
    const dma = this.keep('dma', new IsaDmaController(memory));
    this.ports.map(0x00, 16, dma.lowPorts);
    this.ports.map(0x80, 16, dma.pagePorts);
    this.ports.map(0xc0, 32, dma.highPorts);
    const units = [0, 1].map((unit) => drives.find((d) => d.kind === 'floppy' && d.unit === unit));
    const media = units.map((drive) => (drive?.kind === 'floppy' ? drive.drive : undefined));
    const irq = this.interrupts.line(FLOPPY_IRQ);
    const floppy = this.keep('floppy', new I82077aa(memory, irq, dma.channel(FLOPPY_DMA), media));
    this.ports.map(0x3f0, 6, floppy.ports);
    this.ports.map(0x3f7, 1, floppy.inputPort);
  }

  private addTimers(ioApic: IoApic): void {
    const timerIrq = new GatedIrqLine(this.interrupts.line(0));
    const clockIrq = new GatedIrqLine(this.interrupts.line(8));
    const pit = this.keep('pit', new I8254(this.timers, timerIrq));
    pit.attach(this.ports);
    this.keep('port-61', new SystemControlPort(this.timers.clock, pit)).attach(this.ports);
    const rtc = this.keep('rtc', new Mc146818(this.timers, () => this.shownTimeMs(), clockIrq));
    rtc.attach(this.ports);
    setUpCmos(rtc, this.spec, this.outside.drives);
    const hpet = new Hpet(this.timers, {
      ioApic: (pin): IrqLine => ({ set: (asserted) => ioApic.setInput(pin, asserted) }),
      legacy: [this.interrupts.line(0), this.interrupts.line(8)],
      legacyReplacement: (on) => {
        timerIrq.connect(!on);
        clockIrq.connect(!on);
      },
    });
    this.keep('hpet', hpet).attach(this.mmio);
  }

  /** Wall-clock time in the zone the real-time clock shows. */
  private shownTimeMs(): number {
    const now = this.outside.wallClock.nowMs();
    return this.spec.clock === 'utc' ? now : now + this.outside.wallClock.localOffsetMinutes(now) * 60_000;
  }

  private addPowerManagement(): AcpiPm {
    const power = new AcpiPm(this.timers, {
      sci: this.interrupts.line(PC_BOARD.sciIrq),
      powerOff: () => this.wires.powerOff(),
    });
    this.keep('acpi', power);
    const { device, function: fn } = PC_BOARD.pci.powerManagement;
    this.plug('power-function', device, fn, new Piix4PowerFunction(power.handler));
    this.keep('reset-control', new ResetControl(() => this.wires.reset())).attach(this.ports);
    this.keep('fast-a20', new FastA20Port(this.a20, () => this.wires.reset())).attach(this.ports);
    return power;
  }

  private addInput(): VmwareBackdoor {
    const controller = new I8042(this.keyboard, this.mouse, {
      keyboardIrq: this.interrupts.line(1),
      auxIrq: this.interrupts.line(12),
      a20: this.a20,
      requestReset: () => this.wires.reset(),
    });
    controller.attach(this.ports);
    this.keep('keyboard', this.keyboard);
    this.keep('mouse', this.mouse);
    this.keep('keyboard-controller', controller);
    const backdoor = new VmwareBackdoor({
      registers: this.wires.registers,
      cpuMhz: TSC_HZ / 1e6,
      memoryBytes: this.spec.memoryBytes,
      pointer: this.spec.absolutePointer,
      wallMs: () => this.outside.wallClock.nowMs(),
      screenSize: () => this.screenSize(),
      wakeMouse: () => this.mouse.wake(),
    });
    backdoor.attach(this.ports);
    return this.keep('backdoor', backdoor);
  }

  /** Of the graphics mode in force; in text modes what drivers assume. */
  private screenSize(): { width: number; height: number } {
    const { vga } = this.display;
    if (!(vga.readDispi(DISPI_ENABLE) & 1)) return { width: 640, height: 480 };
    return { width: vga.readDispi(DISPI_WIDTH), height: vga.readDispi(DISPI_HEIGHT) };
  }

  private addSerialPorts(): void {
    for (const number of this.spec.serialPorts) {
      const { port, irq } = COM_PORTS[number];
      const peer = this.outside.serial[number] ?? NO_PEER;
      const uart = this.keep(`com${number}`, new Uart16550(this.timers, this.interrupts.line(irq), peer));
      uart.attach(this.ports, port);
      this.uarts.set(number, uart);
    }
  }

  private addDisplay(): DisplayAdapter {
    const { memory } = this.outside;
    const { clock } = this.timers;
    const display = displayAdapter({ memory, clock, videoMemoryBytes: this.spec.videoMemoryBytes });
    this.ports.map(0x3b0, 0x30, display.vga.ports);
    this.ports.map(0x1ce, 3, display.vga.dispiPorts);
    this.mmio.map(0xa_0000, 0x2_0000, display.vga.window);
    this.keep('vga', display.vga);
    this.plug('vga-function', PC_BOARD.pci.vga.device, PC_BOARD.pci.vga.function, display.pci);
    return display;
  }
}
