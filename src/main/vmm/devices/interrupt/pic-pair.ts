import type { BoardDevice } from '../../base/stateful.js';
import { byteHandler, type ByteRegisters } from '../../bus/byte-handler.js';
import type { PortBus } from '../../bus/port-bus.js';
import { I8259a, SPURIOUS_INPUT, type I8259aState } from './i8259a.js';

export const PIC_MASTER_PORT = 0x20;
export const PIC_SLAVE_PORT = 0xa0;
export const ELCR_PORT = 0x4d0;

/** Input of the master that carries the slave's INT. */
const CASCADE_INPUT = 2;

/** Inputs that can be made level-triggered (82371SB data sheet, ELCR1 and ELCR2): not 0, 1, 2, 8 and 13. */
const ELCR_MASTER_MASK = 0xf8;
const ELCR_SLAVE_MASK = 0xde;

export interface PicPairState {
  readonly version: 1;
  readonly master: I8259aState;
  readonly slave: I8259aState;
}

/** The PC's two 8259As: interrupts 0–7 on the master, 8–15 on the slave, which is cascaded through input 2. */
export class PicPair implements BoardDevice<PicPairState> {
  private readonly master: I8259a;
  private readonly slave: I8259a;

  /** @param onOutput INTR to the processor changed */
  constructor(onOutput: (asserted: boolean) => void) {
    this.master = new I8259a(1 << CASCADE_INPUT, onOutput);
    this.slave = new I8259a(0, (asserted) => this.master.setInput(CASCADE_INPUT, asserted));
  }

  attach(ports: PortBus): void {
    ports.map(PIC_MASTER_PORT, 2, byteHandler(this.master, 2));
    ports.map(PIC_SLAVE_PORT, 2, byteHandler(this.slave, 2));
    ports.map(ELCR_PORT, 2, byteHandler(this.edgeLevelControl, 2));
  }

  /** Level of INTR. */
  get requesting(): boolean {
    return this.master.requesting;
  }

  setInput(irq: number, asserted: boolean): void {
    if (irq < 8) this.master.setInput(irq, asserted);
    else this.slave.setInput(irq - 8, asserted);
  }

  /** Interrupt acknowledge: the vector; that of IRQ 7 or 15, with nothing in service there, if the request is gone. */
  acknowledge(): number {
    const input = this.master.acknowledge();
    if (input < 0) return this.master.vectorOf(SPURIOUS_INPUT);
    if (input !== CASCADE_INPUT) return this.master.vectorOf(input);
    const behind = this.slave.acknowledge();
    return this.slave.vectorOf(behind < 0 ? SPURIOUS_INPUT : behind);
  }

  reset(): void {
    this.slave.reset();
    this.master.reset();
  }

  saveState(): PicPairState {
    return { version: 1, master: this.master.saveState(), slave: this.slave.saveState() };
  }

  loadState(state: PicPairState): void {
    this.slave.loadState(state.slave);
    this.master.loadState(state.master);
  }

  private readonly edgeLevelControl: ByteRegisters = {
    read: (offset) => (offset === 0 ? this.master : this.slave).edgeLevelControl,
    write: (offset, value) => {
      if (offset === 0) this.master.edgeLevelControl = value & ELCR_MASTER_MASK;
      else this.slave.edgeLevelControl = value & ELCR_SLAVE_MASK;
    },
  };
}
