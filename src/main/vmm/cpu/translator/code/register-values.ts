/** What is known of a register's value: a value without a name, and what has been added to it (modulo 2⁶⁴ or, in 32-bit code, 2³²). */
export interface KnownValue {
  readonly value: number;
  readonly plus: number;
}

/** Which general registers differ by constants from each other, or from what they were, where code is being written. */
export class RegisterValues {
  private known: KnownValue[];
  private values = 0;

  constructor() {
    this.known = Array.from({ length: 16 }, () => this.unknown());
  }

  of(register: number): KnownValue {
    return this.known[register]!;
  }

  /** Nothing is known of its value any more. */
  change(register: number): void {
    this.known[register] = this.unknown();
  }

  /** It has been set to a known value plus a distance. */
  set(register: number, { value, plus }: KnownValue, distance: number): void {
    this.known[register] = { value, plus: plus + distance };
  }

  snapshot(): readonly KnownValue[] {
    return [...this.known];
  }

  /** @param snapshot what is known from here on; nothing if not given */
  restore(snapshot?: readonly KnownValue[]): void {
    this.known = snapshot ? [...snapshot] : this.known.map(() => this.unknown());
  }

  private unknown(): KnownValue {
    return { value: this.values++, plus: 0 };
  }
}
