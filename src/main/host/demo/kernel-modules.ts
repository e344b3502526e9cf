import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';

/** A kernel module's name as other modules call it. */
const nameOf = (file: string): string => path.basename(file, '.ko').replaceAll('-', '_');

/**
 * Modules of a kernel package and all they need, in the order they must be loaded, without those it does not have.
 * @param folder the unpacked package
 */
export async function kernelModules(folder: string, names: readonly string[]): Promise<Uint8Array[]> {
  const files = new Map<string, string>();
  for (const entry of await readdir(path.join(folder, 'lib/modules'), { recursive: true }).catch(() => []))
    if (entry.endsWith('.ko')) files.set(nameOf(entry), path.join(folder, 'lib/modules', entry));
  const loaded = new Map<string, Uint8Array>();
  const load = async (name: string): Promise<void> => {
    const file = files.get(name);
    if (file === undefined || loaded.has(name)) return;
    const module = await readFile(file);
    for (const needed of dependenciesOf(module)) await load(needed);
    loaded.set(name, module);
  };
  for (const name of names) await load(name);
  return [...loaded.values()];
}

/** The `depends` entry of the section `.modinfo`: names separated by commas. */
function dependenciesOf(module: Buffer): string[] {
  const key = '\0depends=';
  const start = module.indexOf(key, 0, 'latin1');
  if (start < 0) return [];
  const end = module.indexOf(0, start + key.length);
  const text = module.toString('latin1', start + key.length, end);
  return text === '' ? [] : text.split(',').map((name) => name.replaceAll('-', '_'));
}
