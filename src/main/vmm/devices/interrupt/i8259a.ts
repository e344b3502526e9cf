import type { BoardDevice } from '../../base/stateful.js';
import type { ByteRegisters } from '../../bus/byte-handler.js';

/** Intel 8259A data sheet (231468-003), "Programming the 8259A". */
const ICW1 = 1 << 4;
const ICW1_SINGLE = 1 << 1;
const ICW1_NEEDS_ICW4 = 1 << 0;
const ICW4_AUTO_EOI = 1 << 1;
const ICW4_SPECIAL_FULLY_NESTED = 1 << 4;
const OCW3 = 1 << 3;
const OCW3_POLL = 1 << 2;
const OCW3_SET_SPECIAL_MASK = 1 << 6;
const OCW3_SPECIAL_MASK = 1 << 5;
const OCW3_READ_REGISTER = 1 << 1;
const OCW3_READ_ISR = 1 << 0;

/** What the next write to the odd port is. */
type InitStep = 'ocw1' | 'icw2' | 'icw3' | 'icw4';

export interface I8259aState {
  readonly version: 1;
  readonly inputs: number;
  readonly requests: number;
  readonly inService: number;
  readonly mask: number;
  readonly levelTriggered: number;
  readonly vectorBase: number;
  readonly highestPriority: number;
  readonly step: InitStep;
  readonly expectIcw3: boolean;
  readonly expectIcw4: boolean;
  readonly autoEoi: boolean;
  readonly rotateOnAutoEoi: boolean;
  readonly specialFullyNested: boolean;
  readonly specialMask: boolean;
  readonly readInService: boolean;
  readonly poll: boolean;
}

/** What an 8259A reports when the request that raised INT is gone at acknowledge (data sheet, "Edge and level triggered modes"). */
export const SPURIOUS_INPUT = 7;

const POWER_ON: I8259aState = {
  version: 1,
  inputs: 0,
  requests: 0,
  inService: 0,
  mask: 0,
  levelTriggered: 0,
  vectorBase: 0,
  highestPriority: 0,
  step: 'ocw1',
  expectIcw3: false,
  expectIcw4: false,
  autoEoi: false,
  rotateOnAutoEoi: false,
  specialFullyNested: false,
  specialMask: false,
  readInService: false,
  poll: false,
};

/**
 * One 8259A. An edge-triggered request stays latched until it is acknowledged even if its input falls: a late host
 * may deliver a pulse's two edges back to back, and the interrupt must not be lost.
 */
export class I8259a implements BoardDevice<I8259aState>, ByteRegisters {
  private inputs = 0;
  private requests = 0;
  private inService = 0;
  private mask = 0;
  private levelTriggered = 0;
  private vectorBase = 0;
  /** Input of highest priority at present; rotation moves it. */
  private highestPriority = 0;
  private step: InitStep = 'ocw1';
  private expectIcw3 = false;
  private expectIcw4 = false;
  private autoEoi = false;
  private rotateOnAutoEoi = false;
  private specialFullyNested = false;
  private specialMask = false;
  private readInService = false;
  private poll = false;
  private output = false;

  /**
   * @param cascadeInputs mask of inputs that carry another 8259A's INT
   * @param onOutput INT output changed
   */
  constructor(
    private readonly cascadeInputs: number,
    private readonly onOutput: (asserted: boolean) => void,
  ) {}

  /** Level of INT. */
  get requesting(): boolean {
    return this.output;
  }

  setInput(input: number, asserted: boolean): void {
    const bit = 1 << input;
    const was = this.inputs & bit;
    this.inputs = asserted ? this.inputs | bit : this.inputs & ~bit;
    if ((this.levelTriggered | this.cascadeInputs) & bit) this.followLevel(bit);
    else if (asserted && !was) this.requests |= bit;
    this.update();
  }

  /** Edge/level control register of the chipset: one bit an input, 1 = level. */
  get edgeLevelControl(): number {
    return this.levelTriggered;
  }

  set edgeLevelControl(value: number) {
    this.levelTriggered = value;
    this.requests = (this.requests & ~value) | (this.inputs & value);
    this.update();
  }

  /** Interrupt acknowledge cycle: the input served, or -1 if none requests any more. */
  acknowledge(): number {
    const input = this.pending();
    if (input < 0) return -1;
    const bit = 1 << input;
    if (!((this.levelTriggered | this.cascadeInputs) & bit)) this.requests &= ~bit;
    if (!this.autoEoi) this.inService |= bit;
    else if (this.rotateOnAutoEoi) this.highestPriority = (input + 1) & 7;
    this.update();
    return input;
  }

  vectorOf(input: number): number {
    return this.vectorBase | input;
  }

  read(offset: number): number {
    if (this.poll) return this.readPoll();
    if (offset === 1) return this.mask;
    return this.readInService ? this.inService : this.requests;
  }

  write(offset: number, value: number): void {
    if (offset === 1) this.writeOdd(value);
    else if (value & ICW1) this.writeIcw1(value);
    else if (value & OCW3) this.writeOcw3(value);
    else this.writeOcw2(value);
    this.update();
  }

  reset(): void {
    this.loadState({ ...POWER_ON, inputs: this.inputs });
  }

  saveState(): I8259aState {
    return {
      version: 1,
      inputs: this.inputs,
      requests: this.requests,
      inService: this.inService,
      mask: this.mask,
      levelTriggered: this.levelTriggered,
      vectorBase: this.vectorBase,
      highestPriority: this.highestPriority,
      step: this.step,
      expectIcw3: this.expectIcw3,
      expectIcw4: this.expectIcw4,
      autoEoi: this.autoEoi,
      rotateOnAutoEoi: this.rotateOnAutoEoi,
      specialFullyNested: this.specialFullyNested,
      specialMask: this.specialMask,
      readInService: this.readInService,
      poll: this.poll,
    };
  }

  loadState(state: I8259aState): void {
    this.inputs = state.inputs & 0xff;
    this.requests = state.requests & 0xff;
    this.inService = state.inService & 0xff;
    this.mask = state.mask & 0xff;
    this.levelTriggered = state.levelTriggered & 0xff;
    this.vectorBase = state.vectorBase & 0xf8;
    this.highestPriority = state.highestPriority & 7;
    this.step = state.step;
    this.expectIcw3 = state.expectIcw3;
    this.expectIcw4 = state.expectIcw4;
    this.autoEoi = state.autoEoi;
    this.rotateOnAutoEoi = state.rotateOnAutoEoi;
    this.specialFullyNested = state.specialFullyNested;
    this.specialMask = state.specialMask;
    this.readInService = state.readInService;
    this.poll = state.poll;
    this.update();
  }

  private followLevel(bit: number): void {
    this.requests = this.inputs & bit ? this.requests | bit : this.requests & ~bit;
  }

  private update(): void {
    const asserted = this.pending() >= 0;
    if (asserted === this.output) return;
    this.output = asserted;
    this.onOutput(asserted);
  }

  /** The unmasked request that outranks everything in service, or -1. */
  private pending(): number {
    const request = this.highest(this.requests & ~this.mask);
    if (request < 0) return -1;
    let blocking = this.inService;
    if (this.specialMask) blocking &= ~this.mask;
    if (this.specialFullyNested) blocking &= ~this.cascadeInputs;
    const served = this.highest(blocking);
    return served < 0 || this.rank(request) < this.rank(served) ? request : -1;
  }

  private rank(input: number): number {
    return (input - this.highestPriority) & 7;
  }

  private highest(bits: number): number {
    if (bits === 0) return -1;
    for (let rank = 0; rank < 8; rank++) {
      const input = (this.highestPriority + rank) & 7;
      if (bits & (1 << input)) return input;
    }
    return -1;
  }

  /** OCW3 poll command: the next read is an acknowledge cycle that reports the input in bits 2:0. */
  private readPoll(): number {
    this.poll = false;
    const input = this.acknowledge();
    return input < 0 ? 0 : 0x80 | input;
  }

  private writeIcw1(value: number): void {
    this.requests = this.inputs & (this.levelTriggered | this.cascadeInputs);
    this.inService = 0;
    this.mask = 0;
    this.highestPriority = 0;
    this.autoEoi = false;
    this.rotateOnAutoEoi = false;
    this.specialFullyNested = false;
    this.specialMask = false;
    this.readInService = false;
    this.poll = false;
    this.expectIcw3 = (value & ICW1_SINGLE) === 0;
    this.expectIcw4 = (value & ICW1_NEEDS_ICW4) !== 0;
    this.step = 'icw2';
  }

  private writeOdd(value: number): void {
    switch (this.step) {
      case 'ocw1':
        this.mask = value;
        break;
      case 'icw2':
        this.vectorBase = value & 0xf8;
        this.step = this.expectIcw3 ? 'icw3' : this.afterIcw3();
        break;
      case 'icw3':
        this.step = this.afterIcw3();
        break;
      case 'icw4':
        this.autoEoi = (value & ICW4_AUTO_EOI) !== 0;
        this.specialFullyNested = (value & ICW4_SPECIAL_FULLY_NESTED) !== 0;
        this.step = 'ocw1';
        break;
    }
  }

  private afterIcw3(): InitStep {
    return this.expectIcw4 ? 'icw4' : 'ocw1';
  }

  /** End of interrupt and rotation; bits 7:5 = R, SL, EOI. */
  private writeOcw2(value: number): void {
    const level = value & 7;
    switch (value >>> 5) {
      case 0b000:
        this.rotateOnAutoEoi = false;
        break;
      case 0b001:
        this.endOfInterrupt(this.highestInService());
        break;
      case 0b011:
        this.endOfInterrupt(level);
        break;
      case 0b100:
        this.rotateOnAutoEoi = true;
        break;
      case 0b101:
        this.rotateAfter(this.endOfInterrupt(this.highestInService()));
        break;
      case 0b110:
        this.rotateAfter(level);
        break;
      case 0b111:
        this.rotateAfter(this.endOfInterrupt(level));
        break;
    }
  }

  /** A non-specific EOI does not clear an input that special mask mode has masked. */
  private highestInService(): number {
    return this.highest(this.specialMask ? this.inService & ~this.mask : this.inService);
  }

  private endOfInterrupt(input: number): number {
    if (input >= 0) this.inService &= ~(1 << input);
    return input;
  }

  private rotateAfter(input: number): void {
    if (input >= 0) this.highestPriority = (input + 1) & 7;
  }

  private writeOcw3(value: number): void {
    if (value & OCW3_POLL) this.poll = true;
    if (value & OCW3_READ_REGISTER) this.readInService = (value & OCW3_READ_ISR) !== 0;
    if (value & OCW3_SET_SPECIAL_MASK) this.specialMask = (value & OCW3_SPECIAL_MASK) !== 0;
  }
}
