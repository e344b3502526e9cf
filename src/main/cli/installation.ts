import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { Arguments } from './command.js';

/** Where the built programs are: beside this one. */
const PROGRAMS = path.dirname(fileURLToPath(import.meta.url));

const packageSchema = z.object({ version: z.string() });

/** Files of this installation. */
export const installation = {
  vmProcess: path.join(PROGRAMS, 'vmhost.js'),
  diskJob: path.join(PROGRAMS, 'disk-job.js'),
  engineProbe: path.join(PROGRAMS, 'engine-probe.js'),
  program: path.join(PROGRAMS, 'annex.js'),
  renderer: path.join(PROGRAMS, '../renderer'),
} as const;

/** Version of the product, from the nearest package.json above the programs. */
export function productVersion(): string {
  for (let folder = PROGRAMS; folder !== path.dirname(folder); folder = path.dirname(folder)) {
    const file = path.join(folder, 'package.json');
    if (existsSync(file)) return packageSchema.parse(JSON.parse(readFileSync(file, 'utf8'))).version;
  }
  return '0.0.0';
}

export function libraryPathOf(args: Arguments): string {
  return path.resolve(args.string('library') ?? process.env['ANNEX_LIBRARY'] ?? path.join(homedir(), 'Annex'));
}
