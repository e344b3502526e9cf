import type { SerialPeer, SerialReceiver } from '../../vmm/devices/serial/serial-port.js';

/** Bytes toward the guest that may wait for room in its FIFO; beyond that the line drops them, as a real one does. */
const MAX_WAITING_BYTES = 1 << 20;

/** Both directions of one serial port on the machine thread: collects what the guest sends, feeds it what it is sent. */
export class SerialLine implements SerialPeer {
  private outgoing = new Uint8Array(4096);
  private outgoingFill = 0;
  private waiting: Uint8Array = new Uint8Array(0);
  private receiver: SerialReceiver | undefined;

  /** Called once the machine is built. */
  connect(receiver: SerialReceiver): void {
    this.receiver = receiver;
    receiver.onRoom(() => this.feed());
  }

  transmit(byte: number): void {
    if (this.outgoingFill === this.outgoing.length) {
      const larger = new Uint8Array(2 * this.outgoing.length);
      larger.set(this.outgoing);
      this.outgoing = larger;
    }
    this.outgoing[this.outgoingFill++] = byte;
  }

  /** What the guest has sent since the last call; undefined if nothing. */
  takeSent(): Uint8Array | undefined {
    if (this.outgoingFill === 0) return undefined;
    const sent = this.outgoing.slice(0, this.outgoingFill);
    this.outgoingFill = 0;
    return sent;
  }

  send(bytes: Uint8Array): void {
    if (this.waiting.length + bytes.length > MAX_WAITING_BYTES) return;
    const all = new Uint8Array(this.waiting.length + bytes.length);
    all.set(this.waiting);
    all.set(bytes, this.waiting.length);
    this.waiting = all;
    this.feed();
  }

  private feed(): void {
    if (!this.receiver || this.waiting.length === 0) return;
    this.waiting = this.waiting.subarray(this.receiver.receive(this.waiting));
  }
}
