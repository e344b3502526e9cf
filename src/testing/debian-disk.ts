import { debianImage, PARTITION_OFFSET, runTool } from './debian-image.js';

/** A disk with a plain Debian 12; getty runs on tty1 and ttyS0. @returns path of a raw image, not to be written */
export function debianDisk(): Promise<string> {
  return debianImage({
    name: 'debian-12-disk-1',
    bytes: 1024 ** 3,
    kernel: 'linux-image-cloud-amd64',
    kernelOptions: 'ro console=tty0 console=ttyS0,115200',
  });
}

/** Copies an image without filling its holes. */
export async function copyDisk(from: string, to: string): Promise<void> {
  await runTool('cp', ['--sparse=always', '--reflink=auto', from, to]);
}

/** Runs e2fsck on the disk's file system, changing nothing. @returns its exit code (0: clean) and what it said */
export async function checkFileSystem(disk: string): Promise<{ code: number; output: string }> {
  const device = `${disk}?offset=${PARTITION_OFFSET}`;
  return runTool('e2fsck', ['-f', '-n', device]).then(
    ({ stdout }) => ({ code: 0, output: stdout }),
    (error: { code: number; stdout: string; stderr: string }) => ({
      code: error.code,
      output: error.stdout + error.stderr,
    }),
  );
}

/** Reads a file of the disk's file system without a guest. */
export async function readGuestFile(disk: string, file: string): Promise<string> {
  const { stdout } = await runTool('debugfs', ['-R', `cat ${file}`, `${disk}?offset=${PARTITION_OFFSET}`]);
  return stdout;
}
