// What a fresh clone needs before anything can be built or tested.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));

/** Installs the locked dependencies if they are missing or older than the lockfile. */
export function ensureDependencies() {
  const installed = path.join(root, 'node_modules/.package-lock.json');
  const lock = path.join(root, 'package-lock.json');
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(lock).mtimeMs) return;
  if (existsSync(path.join(root, 'node_modules/vitest')) && existsSync(path.join(root, 'node_modules/electron-vite')))
    return;
  console.log('Installing dependencies (npm ci)…');
  run('npm', ['ci', '--no-audit', '--no-fund', '--ignore-scripts']);
}

/** Debian packages the tests use as media, peers and judges, by the command that shows they are there. */
const TEST_TOOLS = {
  'chromium': 'chromium',
  'qemu-img': 'qemu-utils',
  'qemu-system-x86_64': 'qemu-system-x86',
  'xorriso': 'xorriso',
  'mkfs.vfat': 'dosfstools',
  'mcopy': 'mtools',
  'iasl': 'acpica-tools',
  'mke2fs': 'e2fsprogs',
  'debootstrap': 'debootstrap',
  'sfdisk': 'fdisk',
  'cpio': 'cpio',
};

/** Installs missing test tools where that is possible (root on Debian); elsewhere the tests that need them are skipped. */
export function ensureTestTools() {
  const missing = Object.entries(TEST_TOOLS)
    .filter(([command]) => !onPath(command))
    .map(([, name]) => name);
  if (!existsSync('/usr/share/seabios/bios-256k.bin')) missing.push('seabios');
  if (missing.length === 0) return;
  if (process.getuid?.() !== 0 || !isDebian()) {
    console.log(`Not on this machine, so tests that need them are skipped: ${missing.join(', ')}`);
    return;
  }
  console.log(`Installing test tools: ${missing.join(', ')}…`);
  const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  spawnSync('apt-get', ['update', '-q'], { stdio: 'ignore', env: environment });
  const { status } = spawnSync('apt-get', ['install', '-y', '-q', '--no-install-recommends', ...missing], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: environment,
  });
  if (status !== 0) console.log('apt-get failed; tests that need these tools are skipped.');
}

/** The Node that npm scripts should run under: the packaged Node 24 where it is installed. */
export function preferredNode() {
  const packaged = path.join(root, 'node_modules/.bin/node');
  try {
    execFileSync(packaged, ['--version'], { stdio: 'ignore' });
    return packaged;
  } catch {
    return process.execPath;
  }
}

export function run(command, args, options = {}) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit', ...options });
  if (error) throw error;
  if (status !== 0) process.exit(status ?? 1);
}

function onPath(command) {
  return [...(process.env.PATH ?? '').split(path.delimiter), '/usr/sbin', '/sbin'].some((folder) =>
    existsSync(path.join(folder, command)),
  );
}

function isDebian() {
  try {
    return /^ID(_LIKE)?=.*debian/m.test(readFileSync('/etc/os-release', 'utf8'));
  } catch {
    return false;
  }
}
