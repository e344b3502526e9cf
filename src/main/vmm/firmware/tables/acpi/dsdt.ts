import { pirqOf, type BoardMap } from '../../board-map.js';
import * as aml from './aml.js';
import type { Aml } from './aml.js';
import { busRange, dma, interrupts, io, ioWindow, irq, memory, memoryWindow, resourceTemplate } from './resources.js';

const LINKS = ['LNKA', 'LNKB', 'LNKC', 'LNKD'] as const;
const LINK_REGISTERS = ['PRQA', 'PRQB', 'PRQC', 'PRQD'] as const;
/** Interrupts an operating system may route a link to. */
const LINK_CHOICES = [5, 10, 11] as const;
const PIRQ_DISABLED = 0x80;
const PRESENT = 0x0f;
const LINK_ENABLED = 0x0b;
const LINK_DISABLED = 0x09;
/** Where the one interrupt number lies in the template of {@link interrupts}. */
const INTERRUPT_NUMBER_OFFSET = 5;
const PCI_SLOTS = 32;

export interface DsdtOptions {
  readonly map: BoardMap;
  readonly floppies: number;
  readonly serialPorts: readonly number[];
}

const hardwareId = (id: string): Aml => aml.name('_HID', aml.eisaId(id));
const resources = (...items: readonly Aml[]): Aml => aml.name('_CRS', resourceTemplate(...items));

/** An ISA device: identifier, resources. */
const isaDevice = (name: string, id: string, ...items: readonly Aml[]): Aml =>
  aml.device(name, hardwareId(id), aml.name('_STA', aml.integer(PRESENT)), resources(...items));

/** PIRQ routing registers of the PIIX3 as an interrupt link device (ACPI 6.5, 6.2.13). */
function linkDevice(index: number): Aml {
  const register = aml.path(`\\_SB.PCI0.ISA.${LINK_REGISTERS[index]!}`);
  const disabled = aml.and(register, aml.integer(PIRQ_DISABLED));
  return aml.device(
    LINKS[index]!,
    hardwareId('PNP0C0F'),
    aml.name('_UID', aml.integer(index + 1)),
    aml.name('_PRS', resourceTemplate(interrupts(...LINK_CHOICES))),
    aml.method(
      '_STA',
      {},
      aml.ifElse(disabled, aml.returns(aml.integer(LINK_DISABLED)), aml.returns(aml.integer(LINK_ENABLED))),
    ),
    aml.method('_DIS', {}, aml.or(register, aml.integer(PIRQ_DISABLED), register)),
    aml.method(
      '_CRS',
      { serialized: true },
      aml.name('CURR', resourceTemplate(interrupts(0))),
      aml.createDwordField(aml.path('CURR'), INTERRUPT_NUMBER_OFFSET, 'NUMB'),
      aml.and(register, aml.integer(0x0f), aml.path('NUMB')),
      aml.returns(aml.path('CURR')),
    ),
    aml.method(
      '_SRS',
      { args: 1 },
      aml.createDwordField(aml.argument(0), INTERRUPT_NUMBER_OFFSET, 'NUMB'),
      aml.store(aml.path('NUMB'), register),
    ),
  );
}

/** _PRT: every pin of every slot, through its link. */
function routingTable(): Aml {
  const rows: Aml[] = [];
  for (let device = 1; device < PCI_SLOTS; device++) {
    for (let pin = 0; pin < 4; pin++) {
      const address = aml.integer(device * 0x1_0000 + 0xffff);
      rows.push(aml.packageOf(address, aml.integer(pin), aml.path(LINKS[pirqOf(device, pin)]!), aml.integer(0)));
    }
  }
  return aml.name('_PRT', aml.packageOf(...rows));
}

const SERIAL = { 1: { base: 0x3f8, irq: 4 }, 2: { base: 0x2f8, irq: 3 } } as const;

function isaDevices({ map, floppies, serialPorts }: DsdtOptions): readonly Aml[] {
  const serial = ([1, 2] as const)
    .filter((port) => serialPorts.includes(port))
    .map((port) =>
      aml.device(
        `COM${port}`,
        hardwareId('PNP0501'),
        aml.name('_UID', aml.integer(port)),
        aml.name('_STA', aml.integer(PRESENT)),
        resources(io(SERIAL[port].base, 8), irq(SERIAL[port].irq)),
      ),
    );
  return [
    isaDevice('PIC', 'PNP0000', io(0x20, 2), io(0xa0, 2), io(0x4d0, 2), irq(2)),
    isaDevice('TIMR', 'PNP0100', io(0x40, 4), irq(0)),
    isaDevice('DMAC', 'PNP0200', io(0x00, 0x10), io(0x81, 0x0f), io(0xc0, 0x20), dma(4)),
    isaDevice('SPKR', 'PNP0800', io(0x61, 1)),
    isaDevice('RTC', 'PNP0B00', io(0x70, 2), irq(8)),
    isaDevice('KBD', 'PNP0303', io(0x60, 1), io(0x64, 1), irq(1)),
    isaDevice('MOU', 'PNP0F13', irq(12)),
    ...(floppies > 0 ? [isaDevice('FDC0', 'PNP0700', io(0x3f2, 4), io(0x3f7, 1), irq(6), dma(2))] : []),
    ...serial,
    isaDevice('SYSR', 'PNP0C02', io(0x92, 1), io(0xb2, 2), io(map.pmBase, 0x40), io(map.smbusBase, 0x10)),
  ];
}

function hostBridge(options: DsdtOptions): Aml {
  const { map } = options;
  const { isaBridge } = map.pci;
  return aml.device(
    'PCI0',
    hardwareId('PNP0A03'),
    aml.name('_UID', aml.integer(0)),
    aml.name('_BBN', aml.integer(0)),
    resources(
      busRange(0, 0xff),
      io(0xcf8, 8),
      ioWindow(0x0000, 0x0cf7),
      ioWindow(0x0d00, 0xffff),
      memoryWindow(0xa_0000, 0xb_ffff),
      memoryWindow(map.pciHole.start, map.pciHole.end - 1),
    ),
    aml.device(
      'ISA',
      aml.name('_ADR', aml.integer(isaBridge.device * 0x1_0000 + isaBridge.function)),
      aml.pciConfigRegion('PIRQ', 0x60, 4),
      aml.byteFields('PIRQ', LINK_REGISTERS),
      ...isaDevices(options),
    ),
    ...LINKS.map((_, i) => linkDevice(i)),
    routingTable(),
  );
}

/** Body of the DSDT: the board as ACPI names it. */
export function dsdtBody(options: DsdtOptions): Uint8Array {
  const { map } = options;
  const hpet = aml.device(
    'HPET',
    hardwareId('PNP0103'),
    aml.name('_UID', aml.integer(0)),
    aml.name('_STA', aml.integer(PRESENT)),
    resources(memory(map.hpet, 0x400, false)),
  );
  const processor = aml.device('CPU0', aml.name('_HID', aml.string('ACPI0007')), aml.name('_UID', aml.integer(0)));
  return Uint8Array.from([
    // Soft-off: SLP_TYP 0 in the PIIX4.
    ...aml.name('\\_S5', aml.packageOf(aml.integer(0), aml.integer(0), aml.integer(0), aml.integer(0))),
    ...aml.scope('\\_SB', processor, hostBridge(options), hpet),
  ]);
}
