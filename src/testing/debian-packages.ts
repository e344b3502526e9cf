import { execFile, execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat, unlink } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

export type DebianArch = 'amd64' | 'i386';

/** Where real guests are kept between runs; git-ignored. */
export const GUEST_CACHE = path.resolve(process.env['ANNEX_GUEST_CACHE'] ?? '.cache/guests');

const LOCK_STALE_MS = 10 * 60_000;

/** Why Debian packages cannot be had on this machine, or `undefined` if they can: the reason a skipped test gives. */
export function debianMissing(): string | undefined {
  for (const tool of ['apt-get', 'dpkg-deb']) {
    try {
      execFileSync('sh', ['-c', `command -v ${tool}`]);
    } catch {
      return `${tool} is not on this machine, so Debian packages cannot be downloaded`;
    }
  }
  return undefined;
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

/** apt's private state for one architecture, so that a foreign one needs neither root nor a change to the host. */
function aptOptions(arch: DebianArch): string[] {
  const root = path.join(GUEST_CACHE, 'apt', arch);
  const options = {
    'Dir::State': path.join(root, 'state'),
    'Dir::Cache': path.join(root, 'cache'),
    'Dir::State::status': '/dev/null',
    'APT::Architecture': arch,
    'APT::Architectures': arch,
    'APT::Sandbox::User': 'root',
  };
  return Object.entries(options).flatMap(([key, value]) => ['-o', `${key}=${value}`]);
}

async function updateOnce(arch: DebianArch): Promise<void> {
  const root = path.join(GUEST_CACHE, 'apt', arch);
  if (existsSync(path.join(root, 'updated'))) return;
  await withLock(`apt-${arch}`, async () => {
    if (existsSync(path.join(root, 'updated'))) return;
    await mkdir(path.join(root, 'state/lists/partial'), { recursive: true });
    await mkdir(path.join(root, 'cache/archives/partial'), { recursive: true });
    // A partly failed update (an index gone missing) still leaves what most packages need.
    await run('apt-get', [...aptOptions(arch), 'update']).catch(() => undefined);
    await (await open(path.join(root, 'updated'), 'w')).close();
  });
}

/**
 * Downloads a package, follows a meta-package to the kernel image it depends on, and unpacks it.
 * @returns the folder it is unpacked in, kept in the guest cache
 */
export async function debianPackage(name: string, arch: DebianArch = 'amd64'): Promise<string> {
  await updateOnce(arch);
  const target = path.join(GUEST_CACHE, 'packages', `${name}_${arch}`);
  if (existsSync(target)) return target;
  return withLock(`package-${name}_${arch}`, async () => {
    if (existsSync(target)) return target;
    const temporary = `${target}.unpacking`;
    await rm(temporary, { recursive: true, force: true });
    await mkdir(temporary, { recursive: true });
    await run('apt-get', [...aptOptions(arch), 'download', await concretePackage(name, arch)], { cwd: temporary });
    const deb = (await readdir(temporary)).find((file) => file.endsWith('.deb'));
    if (deb === undefined) throw new Error(`apt-get downloaded nothing for ${name}:${arch}`);
    await run('dpkg-deb', ['-x', path.join(temporary, deb), temporary]);
    await unlink(path.join(temporary, deb));
    await rename(temporary, target);
    return target;
  });
}

/** `linux-image-cloud-amd64` → `linux-image-6.1.0-NN-cloud-amd64`. */
async function concretePackage(name: string, arch: DebianArch): Promise<string> {
  if (!name.startsWith('linux-image-') || /^linux-image-\d+\./.test(name)) return name;
  const { stdout } = await run('apt-cache', [...aptOptions(arch), 'depends', name]);
  const image = /Depends: (linux-image-\d+\.\S+)/.exec(stdout)?.[1];
  if (image === undefined) throw new Error(`${name}:${arch} depends on no kernel image`);
  return image;
}

/** The kernel of a Debian kernel package, as a file. */
export async function debianKernel(meta: 'linux-image-cloud-amd64' | 'linux-image-686'): Promise<string> {
  const folder = path.join(await debianPackage(meta, meta === 'linux-image-686' ? 'i386' : 'amd64'), 'boot');
  const kernel = (await readdir(folder)).find((file) => file.startsWith('vmlinuz-'));
  if (kernel === undefined) throw new Error(`${meta} holds no kernel`);
  return path.join(folder, kernel);
}
