import { MAX_MEMORY_MIB, MIN_MEMORY_MIB } from '../../../shared/config/machine-config.js';
import type { MessageKey } from '../../app/i18n/en.js';

/** Why a value cannot be taken, as a message to translate. */
export interface Problem {
  readonly key: MessageKey;
  readonly values?: Readonly<Record<string, string | number>>;
}

export const MAX_DISK_GIB = 2048;
const MAX_NAME = 80;
const FORBIDDEN_IN_NAME = /[/\\:*?"<>|\p{Cc}]/u;

export function nameProblem(name: string, taken: readonly string[]): Problem | null {
  const trimmed = name.trim();
  if (trimmed === '') return { key: 'validate.nameEmpty' };
  if (trimmed.length > MAX_NAME) return { key: 'validate.nameTooLong' };
  if (FORBIDDEN_IN_NAME.test(trimmed)) return { key: 'validate.nameCharacters' };
  const same = (other: string) => other.toLowerCase() === trimmed.toLowerCase();
  return taken.some(same) ? { key: 'validate.nameTaken' } : null;
}

/** @param hostBytes memory of the host, null while not known */
export function memoryProblem(memoryMiB: number | null, hostBytes: number | null): Problem | null {
  if (memoryMiB === null || !Number.isInteger(memoryMiB) || memoryMiB < MIN_MEMORY_MIB || memoryMiB > MAX_MEMORY_MIB)
    return { key: 'validate.memoryRange', values: { min: MIN_MEMORY_MIB, max: MAX_MEMORY_MIB } };
  if (hostBytes !== null && memoryMiB * 2 ** 20 > hostBytes) return { key: 'validate.memoryHost' };
  return null;
}

export function diskProblem(sizeGiB: number | null): Problem | null {
  const fits = sizeGiB !== null && sizeGiB >= 1 && sizeGiB <= MAX_DISK_GIB;
  return fits ? null : { key: 'validate.diskRange', values: { max: MAX_DISK_GIB } };
}

/** A folder as typed, without empty parts and spaces around its names. */
export function cleanFolder(path: string): string {
  return path
    .split('/')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .join('/');
}

/** A name no machine has yet: `base`, `base 2`, `base 3`… */
export function freeName(base: string, taken: readonly string[]): string {
  const used = new Set(taken.map((name) => name.toLowerCase()));
  let name = base;
  for (let n = 2; used.has(name.toLowerCase()); n++) name = `${base} ${n}`;
  return name;
}
