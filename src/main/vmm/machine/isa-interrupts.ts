import { sharedIrqLine, type IrqLine } from '../bus/irq-line.js';
import type { IoApic } from '../devices/interrupt/io-apic.js';
import type { PicPair } from '../devices/interrupt/pic-pair.js';

const ISA_IRQS = 16;

/** I/O APIC input of an ISA interrupt: the system timer is on input 2, the rest keep their number (MADT override). */
function ioApicPin(irq: number): number {
  return irq === 0 ? 2 : irq;
}

/** The sixteen ISA interrupts: each reaches the 8259A pair and the I/O APIC, and any number of devices can share it. */
export class IsaInterrupts {
  private readonly inputs: readonly (() => IrqLine)[];

  constructor(pic: PicPair, ioApic: IoApic) {
    this.inputs = Array.from({ length: ISA_IRQS }, (_, irq) =>
      sharedIrqLine({
        set: (asserted) => {
          // Input 2 of the master is the cascade, so nothing else may drive it.
          if (irq !== 2) pic.setInput(irq, asserted);
          if (irq !== 2) ioApic.setInput(ioApicPin(irq), asserted);
        },
      }),
    );
  }

  /** A new device output on an interrupt. */
  line(irq: number): IrqLine {
    return this.inputs[irq]!();
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
