/** 256 words of IDENTIFY DEVICE or IDENTIFY PACKET DEVICE data under construction (ATA-6, 8.15 and 8.16). */
export class IdentifyData {
  readonly bytes = new Uint8Array(512);
  private readonly view = new DataView(this.bytes.buffer);

  word(index: number, value: number): this {
    this.view.setUint16(index * 2, value, true);
    return this;
  }

  /** Two words, low word first. */
  dword(index: number, value: number): this {
    this.view.setUint32(index * 2, value, true);
    return this;
  }

  /** Four words, low word first. */
  qword(index: number, value: number): this {
    return this.dword(index, value % 2 ** 32).dword(index + 2, Math.floor(value / 2 ** 32));
  }

  /** ASCII padded with spaces, two characters to a word, the first in the high byte. */
  text(index: number, words: number, value: string): this {
    const padded = value.padEnd(words * 2).slice(0, words * 2);
    for (let i = 0; i < words * 2; i++) this.bytes[index * 2 + (i ^ 1)] = padded.charCodeAt(i) & 0x7f;
    return this;
  }

  /** Word 255: signature and checksum that makes all bytes add up to zero. Call last. */
  seal(): Uint8Array {
    this.bytes[510] = 0xa5;
    this.bytes[511] = 0;
    let sum = 0;
    for (const byte of this.bytes) sum += byte;
    this.bytes[511] = -sum & 0xff;
    return this.bytes;
  }
}

/** Transfer mode chosen by SET FEATURES 03h (ATA-6, table 44): the mode's kind in bits 7:3, its number in bits 2:0. */
export function transferModeWords(mode: number): { readonly multiword: number; readonly ultra: number } {
  const chosen = 1 << ((mode & 7) + 8);
  return {
    multiword: MULTIWORD_MODES | ((mode & 0xf8) === 0x20 ? chosen : 0),
    ultra: ULTRA_MODES | ((mode & 0xf8) === 0x40 ? chosen : 0),
  };
}

/** Multiword DMA 0–2 and Ultra DMA 0–5 supported. */
const MULTIWORD_MODES = 0x0007;
const ULTRA_MODES = 0x003f;

/** PIO default, PIO with flow control 0–4, multiword DMA 0–2, Ultra DMA 0–5. */
export function isTransferMode(mode: number): boolean {
  return (
    mode <= 1 || (mode >= 0x08 && mode <= 0x0c) || (mode >= 0x20 && mode <= 0x22) || (mode >= 0x40 && mode <= 0x45)
  );
}

export function isDmaMode(mode: number): boolean {
  return mode >= 0x20;
}
