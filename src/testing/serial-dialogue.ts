/** How long a guest may take to say what is waited for. */
const DEFAULT_TIMEOUT_MS = 120_000;

interface Waiter {
  readonly pattern: RegExp;
  readonly resolve: (match: RegExpExecArray) => void;
}

/**
 * A conversation with a guest over its serial line: waits for what it says, answers. Text that was waited for is used up,
 * so the next wait looks at what follows.
 */
export class SerialDialogue {
  /** Everything the guest has said. */
  transcript = '';
  private used = 0;
  private waiter: Waiter | undefined;

  /** @param send puts bytes on the line to the guest */
  constructor(private readonly send: (text: string) => void) {}

  /** Bytes from the guest. */
  receive(text: string): void {
    this.transcript += text;
    this.look();
  }

  say(line: string): void {
    this.send(`${line}\n`);
  }

  /** @throws Error with the end of the conversation if the guest does not say it in time */
  async expect(pattern: RegExp, timeoutMs = DEFAULT_TIMEOUT_MS): Promise<RegExpExecArray> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      const fail = () =>
        reject(new Error(`no ${pattern} on the serial line; it ends:\n${this.transcript.slice(-2000)}`));
      timer = setTimeout(fail, timeoutMs);
    });
    const said = new Promise<RegExpExecArray>((resolve) => {
      this.waiter = { pattern, resolve };
    });
    this.look();
    try {
      return await Promise.race([said, late]);
    } finally {
      clearTimeout(timer);
      this.waiter = undefined;
    }
  }

  private look(): void {
    const match = this.waiter?.pattern.exec(this.transcript.slice(this.used));
    if (!match) return;
    this.used += match.index + match[0].length;
    this.waiter?.resolve(match);
  }
}
