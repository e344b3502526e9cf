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

/** How e2fsck(8) ended: 0 is clean, 1 corrected. */
export interface FileSystemCheck {
  readonly code: number;
  readonly output: string;
}

/** Runs e2fsck on the disk's file system, changing nothing. */
export function checkFileSystem(disk: string): Promise<FileSystemCheck> {
  return e2fsck(['-f', '-n', `${disk}?offset=${PARTITION_OFFSET}`]);
}

export function e2fsck(args: readonly string[]): Promise<FileSystemCheck> {
  return runTool('e2fsck', args).then(
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
