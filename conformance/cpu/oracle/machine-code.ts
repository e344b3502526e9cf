/** Bytes of a small program at a fixed address below 2 GiB, with labels. */
export class MachineCode {
  private readonly code: number[] = [];
  private readonly labels = new Map<string, number>();
  private readonly jumps: { readonly at: number; readonly label: string }[] = [];

  constructor(readonly address: number) {}

  /** Instruction bytes, as hexadecimal or one by one. */
  emit(bytes: string | readonly number[]): this {
    this.code.push(...(typeof bytes === 'string' ? Buffer.from(bytes.replaceAll(' ', ''), 'hex') : bytes));
    return this;
  }

  /** Instruction bytes that end in a 32-bit address, displacement or immediate. */
  emit32(bytes: string, value: number): this {
    const tail = Buffer.alloc(4);
    tail.writeInt32LE(value | 0);
    return this.emit(bytes).emit([...tail]);
  }

  label(name: string): this {
    this.labels.set(name, this.code.length);
    return this;
  }

  /** Opcode bytes of a near branch, then its rel32. */
  branch(opcode: string, label: string): this {
    this.emit32(opcode, 0);
    this.jumps.push({ at: this.code.length, label });
    return this;
  }

  align(bytes: number): this {
    while (this.code.length % bytes !== 0) this.code.push(0x90);
    return this;
  }

  addressOf(label: string): number {
    const at = this.labels.get(label);
    if (at === undefined) throw new Error(`no label ${label}`);
    return this.address + at;
  }

  finish(): Uint8Array {
    const bytes = Buffer.from(this.code);
    for (const { at, label } of this.jumps) bytes.writeInt32LE(this.addressOf(label) - (this.address + at), at - 4);
    return bytes;
  }
}
