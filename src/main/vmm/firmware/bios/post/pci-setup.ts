import { pirqOf, type BoardMap } from '../../board-map.js';
import { deviceFunction, type DeviceFunction, type PciConfigSpace } from '../pci/config-space.js';

const COMMAND = 0x04;
const COMMAND_IO = 1;
const COMMAND_MEMORY = 2;
const COMMAND_MASTER = 4;
const FIRST_BAR = 0x10;
const BAR_COUNT = 6;
const INTERRUPT_LINE = 0x3c;
const INTERRUPT_PIN = 0x3d;
const CLASS_DWORD = 0x08;
const CLASS_BRIDGE = 0x06;
const MIN_MEMORY_BAR = 0x1000;

interface Bar {
  readonly function: DeviceFunction;
  readonly register: number;
  readonly io: boolean;
  readonly bytes: number;
}

/** Size of a base address register by the all-ones method (PCI 3.0, 6.2.5.1); undefined if there is none. */
function probe(config: PciConfigSpace, function_: DeviceFunction, register: number): Bar | undefined {
  config.write(function_, register, 0xffff_ffff, 4);
  const mask = config.read(function_, register, 4);
  config.write(function_, register, 0, 4);
  if (mask === 0) return undefined;
  const io = (mask & 1) !== 0;
  const bytes = io ? (~(mask & 0xfffc) & 0xffff) + 1 : (~(mask & 0xffff_fff0) >>> 0) + 1;
  return { function: function_, register, io, bytes };
}

function findBars(config: PciConfigSpace, function_: DeviceFunction): Bar[] {
  const bars: Bar[] = [];
  for (let i = 0; i < BAR_COUNT; i++) {
    const register = FIRST_BAR + i * 4;
    const bar = probe(config, function_, register);
    if (!bar) continue;
    bars.push(bar);
    // A 64-bit register takes two; the upper half stays zero.
    if (!bar.io && (config.read(function_, register, 4) & 6) === 4) i++;
  }
  return bars;
}

/** Gives every BAR on bus 0 an address, largest first so that natural alignment wastes nothing, then decodes it. */
export function assignBars(config: PciConfigSpace, map: BoardMap): void {
  const bars = [...config.functions()].flatMap((f) => findBars(config, f)).sort((a, b) => b.bytes - a.bytes);
  let memory = map.pciHole.start;
  let io = map.pciIoStart;
  for (const bar of bars) {
    const size = bar.io ? bar.bytes : Math.max(bar.bytes, MIN_MEMORY_BAR);
    const from = Math.ceil((bar.io ? io : memory) / size) * size;
    if (from + size > (bar.io ? 0x1_0000 : map.pciHole.end)) continue;
    if (bar.io) io = from + size;
    else memory = from + size;
    config.write(bar.function, bar.register, from >>> 0, 4);
    const command = config.read(bar.function, COMMAND, 2);
    config.write(bar.function, COMMAND, command | (bar.io ? COMMAND_IO : COMMAND_MEMORY), 2);
  }
}

/** Tells functions their interrupt; all but bridges decode (the VGA's fixed ports, too) and may master the bus. */
function assignInterrupts(config: PciConfigSpace, map: BoardMap): void {
  for (const f of config.functions()) {
    const pin = config.read(f, INTERRUPT_PIN, 1);
    if (pin >= 1 && pin <= 4) config.write(f, INTERRUPT_LINE, map.pirqIrqs[pirqOf(f >> 3, pin - 1)]!, 1);
    if (config.read(f, CLASS_DWORD, 4) >>> 24 === CLASS_BRIDGE) continue;
    config.write(f, COMMAND, config.read(f, COMMAND, 2) | COMMAND_IO | COMMAND_MEMORY | COMMAND_MASTER, 2);
  }
}

/** PIIX3/PIIX4 registers (Intel 290550, 290562): interrupt routing, IDE decoding, ACPI and SMBus blocks. */
function programChipset(config: PciConfigSpace, map: BoardMap): void {
  const isa = deviceFunction(map.pci.isaBridge);
  map.pirqIrqs.forEach((irq, i) => config.write(isa, 0x60 + i, irq, 1));
  const ide = deviceFunction(map.pci.ide);
  for (const timing of [0x40, 0x42]) config.write(ide, timing, 0x8000, 2);
  config.write(ide, COMMAND, config.read(ide, COMMAND, 2) | COMMAND_IO, 2);
  const power = deviceFunction(map.pci.powerManagement);
  config.write(power, 0x40, map.pmBase | 1, 4);
  config.write(power, 0x80, 1, 1);
  config.write(power, 0x90, map.smbusBase | 1, 4);
  config.write(power, 0xd2, 0x09, 1);
  config.write(power, INTERRUPT_LINE, map.sciIrq, 1);
}

export function setUpPci(config: PciConfigSpace, map: BoardMap): void {
  assignBars(config, map);
  assignInterrupts(config, map);
  programChipset(config, map);
}
