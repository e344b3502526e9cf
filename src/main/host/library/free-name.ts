import type { Library } from './library.js';

const MAX_NAME = 80;

/** The name, with a number behind it if there is a machine of that name. */
export function freeName(library: Pick<Library, 'all'>, name: string): string {
  const taken = new Set(library.all.map(({ config }) => config.name.toLowerCase()));
  for (let number = 1; ; number++) {
    const suffix = number === 1 ? '' : ` ${number}`;
    const candidate = `${name.slice(0, MAX_NAME - suffix.length).trimEnd()}${suffix}`;
    if (!taken.has(candidate.toLowerCase())) return candidate;
  }
}
