import type { BulkChannel } from '../../shared/contract/client.js';

const CTRL_A = 0x01;

/** How a serial session ended: by Ctrl+A x, or because the far end went away. */
export type SerialEnd = 'escaped' | 'closed';

/** Finds the escape in what is typed: Ctrl+A x leaves, Ctrl+A Ctrl+A sends one Ctrl+A. */
export class EscapeFilter {
  private afterCtrlA = false;

  /** What goes to the guest, and whether the escape was typed. */
  filter(typed: Uint8Array): { readonly pass: Uint8Array; readonly escaped: boolean } {
    const pass: number[] = [];
    for (const byte of typed) {
      if (!this.afterCtrlA && byte === CTRL_A) this.afterCtrlA = true;
      else if (this.afterCtrlA && (byte | 0x20) === 0x78) return { pass: Uint8Array.from(pass), escaped: true };
      else {
        if (this.afterCtrlA && byte !== CTRL_A) pass.push(CTRL_A);
        this.afterCtrlA = false;
        pass.push(byte);
      }
    }
    return { pass: Uint8Array.from(pass), escaped: false };
  }
}

/** Joins standard input and output with a serial channel, the terminal in raw mode; resolves when either side ends it. */
export function attachTerminal(channel: BulkChannel): Promise<SerialEnd> {
  const { stdin, stdout } = process;
  const escape = new EscapeFilter();
  const raw = stdin.isTTY;
  return new Promise((resolve) => {
    const finish = (end: SerialEnd): void => {
      stdin.off('data', onTyped);
      if (raw) stdin.setRawMode(false);
      stdin.pause();
      resolve(end);
    };
    const onTyped = (typed: Buffer): void => {
      // Without a terminal there is nobody to escape: every byte is the guest's.
      const { pass, escaped } = raw ? escape.filter(typed) : { pass: typed, escaped: false };
      if (pass.length > 0) channel.send(new Uint8Array(pass));
      if (escaped) finish('escaped');
    };
    channel.onMessage((bytes) => void stdout.write(bytes));
    channel.onClose(() => finish('closed'));
    if (raw) stdin.setRawMode(true);
    stdin.on('data', onTyped);
    stdin.resume();
  });
}
