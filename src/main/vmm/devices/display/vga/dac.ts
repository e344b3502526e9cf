import type { DisplayStateWriter } from '../display-state.js';

export interface DacState {
  readonly index: number;
  /** Component the next data access touches: 0 red, 1 green, 2 blue. */
  readonly component: number;
  readonly reading: boolean;
  /** Components gathered so far for a write; stored when the third arrives. */
  readonly pending: readonly number[];
}

/**
 * The digital-to-analogue converter's port protocol: an index, then three data accesses a colour with auto-increment.
 * A colour takes effect when its third component arrives. In 6-bit width the upper two bits do not exist.
 */
export class Dac {
  /** All bits a component has: 0x3f or 0xff. Switched by the DISPI 8-bit flag. */
  componentMask = 0x3f;
  private index = 0;
  private component = 0;
  private reading = false;
  private pending = [0, 0, 0];

  constructor(private readonly state: DisplayStateWriter) {}

  setReadIndex(index: number): void {
    this.index = index;
    this.component = 0;
    this.reading = true;
  }

  setWriteIndex(index: number): void {
    this.index = index;
    this.component = 0;
    this.reading = false;
  }

  /** Index register: after a read index is set the hardware already points at the next colour. */
  get writeIndex(): number {
    return this.reading ? (this.index + 1) & 0xff : this.index;
  }

  /** 3C7h read: 3 after a read index was set, 0 after a write index. */
  get accessState(): number {
    return this.reading ? 3 : 0;
  }

  readData(): number {
    const value = this.state.registers.dac[this.index * 3 + this.component]! & this.componentMask;
    this.advance();
    return value;
  }

  writeData(value: number): void {
    this.pending[this.component] = value & this.componentMask;
    if (this.component === 2) {
      this.state.begin();
      this.state.registers.dac.set(this.pending, this.index * 3);
      this.state.end();
    }
    this.advance();
  }

  saveState(): DacState {
    const { index, component, reading, pending } = this;
    return { index, component, reading, pending: [...pending] };
  }

  loadState(saved: DacState): void {
    this.index = saved.index & 0xff;
    this.component = saved.component % 3;
    this.reading = saved.reading;
    this.pending = [0, 1, 2].map((i) => (saved.pending[i] ?? 0) & 0xff);
  }

  private advance(): void {
    this.component = (this.component + 1) % 3;
    if (this.component === 0) this.index = (this.index + 1) & 0xff;
  }
}
