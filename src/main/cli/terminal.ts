/** Where a command reads and writes, so that tests need no process. */
export interface Terminal {
  out(text: string): void;
  error(text: string): void;
}

/** The terminal of this process. */
export const processTerminal: Terminal = {
  out: (text) => void process.stdout.write(text),
  error: (text) => void process.stderr.write(text),
};

/** Rows as aligned columns, without trailing blanks. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) => `${row.map((cell, i) => cell.padEnd(widths[i]!)).join('  ').trimEnd()}\n`).join(''); // prettier-ignore
}

export function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
