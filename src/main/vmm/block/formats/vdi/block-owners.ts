const NOBODY = 0xffff_ffff;

/** Which block of the disk each block of the file belongs to. Takes 4 bytes a block, however large the disk. */
export class BlockOwners {
  private owners = new Uint32Array(0);
  private used = 0;

  /** Blocks of the file that belong to the disk. */
  get size(): number {
    return this.used;
  }

  /** Number behind the last block of the file that belongs to the disk. */
  get end(): number {
    let end = this.owners.length;
    while (end > 0 && this.owners[end - 1] === NOBODY) end--;
    return end;
  }

  get(number: number): number | undefined {
    const owner = this.owners[number];
    return owner === NOBODY ? undefined : owner;
  }

  has(number: number): boolean {
    return this.get(number) !== undefined;
  }

  set(number: number, owner: number): void {
    if (!this.has(number)) this.used++;
    this.grow(number + 1);
    this.owners[number] = owner;
  }

  delete(number: number): void {
    if (!this.has(number)) return;
    this.owners[number] = NOBODY;
    this.used--;
  }

  private grow(length: number): void {
    if (length <= this.owners.length) return;
    const larger = new Uint32Array(Math.max(length, this.owners.length * 2, 64)).fill(NOBODY);
    larger.set(this.owners);
    this.owners = larger;
  }
}
