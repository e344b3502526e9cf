/** A device on a PS/2 port as its controller sees it: bytes in both directions, one at a time. */
export interface Ps2Device {
  /** A byte from the host. */
  command(byte: number): void;
  /** Takes the next byte for the host, `undefined` if there is none. */
  take(): number | undefined;
  /** Calls back when {@link take} has something after it had nothing. */
  onData(listener: () => void): void;
}

export const PS2_ACKNOWLEDGE = 0xfa;
export const PS2_RESEND = 0xfe;
export const PS2_SELF_TEST_PASSED = 0xaa;

/** Bytes waiting to be sent to the host, bounded as in the real devices. */
export class Ps2Queue {
  private bytes: number[] = [];
  private listener: () => void = () => undefined;

  constructor(readonly capacity: number) {}

  get length(): number {
    return this.bytes.length;
  }

  /** Whether a packet of this many bytes fits. */
  hasRoom(count: number): boolean {
    return this.bytes.length + count <= this.capacity;
  }

  push(...bytes: readonly number[]): void {
    for (const byte of bytes) if (this.bytes.length < this.capacity) this.bytes.push(byte);
    this.listener();
  }

  take(): number | undefined {
    return this.bytes.shift();
  }

  clear(): void {
    this.bytes = [];
  }

  onData(listener: () => void): void {
    this.listener = listener;
  }

  toArray(): number[] {
    return this.bytes.slice();
  }

  load(bytes: readonly number[]): void {
    this.bytes = bytes.slice(0, this.capacity);
  }
}
