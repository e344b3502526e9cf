/** The far end of a serial line, on the machine thread. */
export interface SerialPeer {
  /** The guest sent a byte. Must not block. */
  transmit(byte: number): void;
}

/** What a UART offers to whatever feeds it. */
export interface SerialReceiver {
  /** Offers bytes from the line; returns how many the FIFO took. The rest is offered again after `onRoom`. */
  receive(bytes: Uint8Array): number;
  onRoom(listener: () => void): void;
}
