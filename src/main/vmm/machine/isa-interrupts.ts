import { sharedIrqLine, type IrqLine } from '../bus/irq-line.js';
import type { IoApic } from '../devices/interrupt/io-apic.js';
import type { PicPair } from '../devices/interrupt/pic-pair.js';

const ISA_IRQS = 16;

/** What is on an interrupt, for the counters a person sees. */
const NAMES = [
  'timer', 'keyboard', 'cascade', 'com2', 'com1', 'irq5', 'floppy', 'irq7',
  'rtc', 'acpi', 'pci', 'pci', 'mouse', 'irq13', 'ide', 'ide',
] as const; // prettier-ignore

/** Input 2 of the master 8259A carries the slave: no device can have it. */
const CASCADE = 2;

/** I/O APIC input of an ISA interrupt: the system timer is on input 2, the rest keep their number (MADT override). */
function ioApicPin(irq: number): number {
  return irq === 0 ? 2 : irq;
}

/** The sixteen ISA interrupts: each reaches the 8259A pair and the I/O APIC, and any number of devices can share it. */
export class IsaInterrupts {
  private readonly inputs: readonly (() => IrqLine)[];
  private readonly raised = new Float64Array(ISA_IRQS);

  constructor(pic: PicPair, ioApic: IoApic) {
    this.inputs = Array.from({ length: ISA_IRQS }, (_, irq) =>
      sharedIrqLine({
        set: (asserted) => {
          if (irq === CASCADE) return;
          if (asserted) this.raised[irq]!++;
          pic.setInput(irq, asserted);
          ioApic.setInput(ioApicPin(irq), asserted);
        },
      }),
    );
  }

  /** A new device output on an interrupt. */
  line(irq: number): IrqLine {
    return this.inputs[irq]!();
  }

  /** How often each was raised, as `interrupt.NAME`; those never raised are left out. */
  counts(): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const [irq, count] of this.raised.entries()) {
      if (count > 0) counts[`interrupt.${NAMES[irq]!}`] = (counts[`interrupt.${NAMES[irq]!}`] ?? 0) + count;
    }
    return counts;
  }
}

/** A wire that can be cut, as HPET legacy replacement does to the 8254's and the RTC's. */
export class GatedIrqLine implements IrqLine {
  private level = false;
  private connected = true;

  constructor(private readonly target: IrqLine) {}

  set(asserted: boolean): void {
    this.level = asserted;
    this.drive();
  }

  connect(connected: boolean): void {
    this.connected = connected;
    this.drive();
  }

  private drive(): void {
    this.target.set(this.level && this.connected);
  }
}
