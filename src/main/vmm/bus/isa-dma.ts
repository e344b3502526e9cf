/** What a transfer on an ISA DMA channel did. */
export interface IsaDmaResult {
  readonly moved: number;
  /** The channel's count ran out: the TC signal. */
  readonly terminalCount: boolean;
}

/** An ISA DMA channel as the device on it sees it (DREQ, DACK, TC). */
export interface IsaDmaChannel {
  /** Whether the controller would serve a request: enabled, channel unmasked. */
  readonly ready: boolean;
  /** Called when the channel has become ready; a device that waits with data tries again. */
  onReady(listener: () => void): void;
  /** Device to memory: gives bytes until they or the channel's count run out. */
  toMemory(source: Uint8Array): IsaDmaResult;
  /** Memory to device. */
  fromMemory(target: Uint8Array): IsaDmaResult;
}
