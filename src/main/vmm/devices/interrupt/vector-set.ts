/** The 256-bit IRR, ISR and TMR of a local APIC, as the eight 32-bit registers a guest reads. */
export class VectorSet {
  private readonly words = new Uint32Array(8);

  has(vector: number): boolean {
    return (this.words[vector >>> 5]! & (1 << (vector & 31))) !== 0;
  }

  add(vector: number): void {
    this.words[vector >>> 5]! |= 1 << (vector & 31);
  }

  delete(vector: number): void {
    this.words[vector >>> 5]! &= ~(1 << (vector & 31));
  }

  /** Highest vector in the set, or -1. */
  highest(): number {
    for (let i = 7; i >= 0; i--) {
      const word = this.words[i]!;
      if (word !== 0) return i * 32 + 31 - Math.clz32(word);
    }
    return -1;
  }

  word(index: number): number {
    return this.words[index]!;
  }

  clear(): void {
    this.words.fill(0);
  }

  toArray(): number[] {
    return Array.from(this.words);
  }

  load(words: readonly number[]): void {
    this.words.set(words.slice(0, 8));
  }
}
