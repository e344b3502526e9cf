import { execFileSync } from 'node:child_process';
import { mkdir, open, stat, unlink } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DebianArchive, kernelFile, type DebianArch } from '../main/host/demo/debian-archive.js';

export type { DebianArch };

/** Where real guests are kept between runs; git-ignored. */
export const GUEST_CACHE = path.resolve(process.env['ANNEX_GUEST_CACHE'] ?? '.cache/guests');

const LOCK_STALE_MS = 10 * 60_000;

/** Why Debian packages cannot be had on this machine, or `undefined` if they can: the reason a skipped test gives. */
export function debianMissing(): string | undefined {
  return ['apt-get', 'apt-cache', 'dpkg-deb'].map(toolMissing).find((reason) => reason !== undefined);
}

/** Why a command cannot be used here, or `undefined`: the reason a skipped test gives. */
export function toolMissing(tool: string): string | undefined {
  try {
    execFileSync('sh', ['-c', `PATH=$PATH:/usr/sbin:/sbin command -v ${tool}`], { stdio: 'ignore' });
    return undefined;
  } catch {
    return `${tool} is not on this machine`;
  }
}

/** Runs `work` while holding a lock file, so that parallel test processes prepare a thing once. */
export async function withLock<T>(name: string, work: () => Promise<T>): Promise<T> {
  await mkdir(GUEST_CACHE, { recursive: true });
  const file = path.join(GUEST_CACHE, `${name.replace(/[^\w.+-]/g, '_')}.lock`);
  for (;;) {
    try {
      await (await open(file, 'wx')).close();
      break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      const age = await stat(file).then(
        (s) => Date.now() - s.mtimeMs,
        () => 0,
      );
      if (age > LOCK_STALE_MS) await unlink(file).catch(() => undefined);
      await sleep(200);
    }
  }
  try {
    return await work();
  } finally {
    await unlink(file).catch(() => undefined);
  }
}

const archives = {
  amd64: new DebianArchive(GUEST_CACHE, 'amd64'),
  i386: new DebianArchive(GUEST_CACHE, 'i386'),
} as const;

/** A Debian package, downloaded and unpacked. @returns the folder it is unpacked in, kept in the guest cache */
export function debianPackage(name: string, arch: DebianArch = 'amd64'): Promise<string> {
  return withLock(`apt-${arch}`, () => archives[arch].unpacked(name));
}

/** The kernel of a Debian kernel package, as a file. */
export async function debianKernel(meta: 'linux-image-cloud-amd64' | 'linux-image-686'): Promise<string> {
  return kernelFile(await debianPackage(meta, meta === 'linux-image-686' ? 'i386' : 'amd64'));
}
