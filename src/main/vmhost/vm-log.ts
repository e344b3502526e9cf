import pino, { type Logger } from 'pino';

/** The log of one VM process: a file with one JSON line per entry, or nothing. */
export function openLog(file: string | null): Logger {
  if (file === null) return pino({ level: 'silent' });
  return pino({ base: { pid: process.pid } }, pino.destination({ dest: file, mkdir: false, sync: true }));
}
