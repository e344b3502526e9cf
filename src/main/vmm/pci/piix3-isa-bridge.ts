import type { AccessSize } from '../bus/access.js';
import type { IrqLine } from '../bus/irq-line.js';
import { PciFunction, type PciFunctionState } from './pci-function.js';

/** Intel 82371SB data sheet (290550-002), 2.2. */
const X_BUS_CHIP_SELECT = 0x4e;
const PIRQ_ROUTE = 0x60;
const TOP_OF_MEMORY = 0x69;
const PIRQS = 4;
const ROUTE_DISABLED = 0x80;
const ROUTE_IRQ = 0x0f;
/** Interrupts a PIRQ can be routed to; the others are the board's own. */
const ROUTABLE = new Set([3, 4, 5, 6, 7, 9, 10, 11, 12, 14, 15]);

/** ISA bridge of the PIIX3: routes the four PCI interrupt wires to ISA interrupts. */
export class Piix3IsaBridge extends PciFunction {
  private readonly levels = [false, false, false, false];
  /** One output of each PIRQ to each interrupt. */
  private readonly outputs: readonly (readonly IrqLine[])[];

  /** @param isaLine makes a new input of an ISA interrupt, ORed with its others */
  constructor(isaLine: (irq: number) => IrqLine) {
    super({ vendorId: 0x8086, deviceId: 0x7000, classCode: 0x06_01_00, multifunction: true });
    this.define16(X_BUS_CHIP_SELECT, 0x0003, 0x01ff);
    this.define(TOP_OF_MEMORY, 0x02, 0xff);
    for (let i = 0; i < PIRQS; i++) this.define(PIRQ_ROUTE + i, ROUTE_DISABLED, ROUTE_DISABLED | ROUTE_IRQ);
    this.outputs = this.levels.map(() => Array.from({ length: 16 }, (_, irq) => isaLine(irq)));
  }

  /** Level of PIRQA (0) … PIRQD (3). */
  setPirq(pirq: number, asserted: boolean): void {
    this.levels[pirq] = asserted;
    this.drive(pirq);
  }

  override reset(): void {
    super.reset();
    this.driveAll();
  }

  override loadState(state: PciFunctionState): void {
    super.loadState(state);
    this.driveAll();
  }

  protected override configWritten(offset: number, size: AccessSize): void {
    if (offset < PIRQ_ROUTE + PIRQS && offset + size > PIRQ_ROUTE) this.driveAll();
  }

  private driveAll(): void {
    for (let pirq = 0; pirq < PIRQS; pirq++) this.drive(pirq);
  }

  private drive(pirq: number): void {
    const route = this.config[PIRQ_ROUTE + pirq]!;
    const target = route & ROUTE_DISABLED || !ROUTABLE.has(route & ROUTE_IRQ) ? -1 : route & ROUTE_IRQ;
    for (const [irq, output] of this.outputs[pirq]!.entries()) output.set(irq === target && this.levels[pirq]!);
  }
}
