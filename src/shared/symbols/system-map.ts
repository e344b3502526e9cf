/** A place in code by name: `offset` bytes behind a symbol. */
export interface Symbolized {
  readonly name: string;
  readonly offset: number;
}

/** Where a kernel takes system calls, which tells how far it was moved: by SYSCALL in 64-bit mode, else by SYSENTER. */
const ENTRIES = ['entry_SYSCALL_64', 'entry_SYSENTER_32'];
/** More than any kernel has; what is beyond is not read. */
const MOST_SYMBOLS = 1_000_000;
/** Code farther behind a symbol than this is not of it: modules, programs. */
const FARTHEST = 1n << 20n;
const LINE = /^([0-9a-f]{1,16}) [tTwW] (\S{1,256})$/;
/** Longer than any line that matches. */
const LONGEST_LINE = 300;

type CodeSymbol = readonly [address: bigint, name: string];

/** The code symbols of a Linux kernel's System.map: lines of address, type and name. */
export class SystemMap {
  private readonly entry: bigint | undefined;

  private constructor(
    private readonly addresses: readonly bigint[],
    private readonly names: readonly string[],
  ) {
    const entry = ENTRIES.map((name) => names.indexOf(name)).find((index) => index >= 0);
    this.entry = entry === undefined ? undefined : addresses[entry];
  }

  /** @returns `undefined` if there are no symbols */
  static of(symbols: readonly CodeSymbol[]): SystemMap | undefined {
    if (symbols.length === 0) return undefined;
    const sorted = symbols.toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    return new SystemMap(
      sorted.map(([address]) => address),
      sorted.map(([, name]) => name),
    );
  }

  /** @returns `undefined` if the text has no line of a symbol map */
  static parse(text: string): SystemMap | undefined {
    const reader = new SystemMapReader();
    reader.add(text);
    return reader.end();
  }

  /**
   * What a linear address is the code of, if a symbol is near in front of it.
   *
   * @param syscallEntry where the running kernel takes system calls, from which follows where address space
   *   randomization put it; 0 as long as it has not said so
   */
  at(address: bigint, syscallEntry = 0n): Symbolized | undefined {
    const moved = this.entry === undefined || syscallEntry === 0n ? 0n : syscallEntry - this.entry;
    const wanted = address - moved;
    let low = 0;
    let high = this.addresses.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.addresses[middle]! <= wanted) low = middle + 1;
      else high = middle;
    }
    if (low === 0) return undefined;
    const offset = wanted - this.addresses[low - 1]!;
    return offset < FARTHEST ? { name: this.names[low - 1]!, offset: Number(offset) } : undefined;
  }
}

/** Takes the text of a System.map piece by piece, and keeps no more of it than its symbols. */
export class SystemMapReader {
  private readonly symbols: CodeSymbol[] = [];
  /** Start of a line whose end has not come yet. */
  private begun = '';

  add(piece: string): void {
    const lines = (this.begun + piece).split('\n');
    this.begun = lines.pop()!.slice(0, LONGEST_LINE);
    for (const line of lines) this.take(line);
  }

  /** @returns `undefined` if there was no line of a symbol map */
  end(): SystemMap | undefined {
    this.take(this.begun);
    return SystemMap.of(this.symbols);
  }

  private take(line: string): void {
    if (this.symbols.length === MOST_SYMBOLS) return;
    const found = LINE.exec(line.trimEnd());
    if (found) this.symbols.push([BigInt(`0x${found[1]!}`), found[2]!]);
  }
}
