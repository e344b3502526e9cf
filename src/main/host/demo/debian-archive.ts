import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm, unlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export type DebianArch = 'amd64' | 'i386';

/** Why Debian packages cannot be had on this host, as the tool that is missing; `undefined` if they can. */
export async function missingDebianTool(): Promise<string | undefined> {
  for (const tool of ['apt-get', 'apt-cache', 'dpkg-deb']) {
    if (!(await run('sh', ['-c', `command -v ${tool}`]).catch(() => undefined))) return tool;
  }
  return undefined;
}

/**
 * Packages from the archive the host's apt is set up for, unpacked into a folder of ours. apt's state is private to it,
 * so that this needs neither root nor a change to the host, and a foreign architecture no `dpkg --add-architecture`.
 */
export class DebianArchive {
  private updated: Promise<void> | undefined;

  /** @param folder where lists and unpacked packages are kept */
  constructor(
    private readonly folder: string,
    private readonly arch: DebianArch = 'amd64',
  ) {}

  /**
   * Downloads and unpacks a package, or finds it unpacked. A kernel meta-package is followed to the image it depends on.
   * @returns the folder it is unpacked in
   * @throws if apt cannot get it; AbortError if the signal fires
   */
  async unpacked(name: string, signal?: AbortSignal): Promise<string> {
    const target = path.join(this.folder, 'packages', `${name}_${this.arch}`);
    if (existsSync(target)) return target;
    await (this.updated ??= this.update(signal));
    const temporary = `${target}.unpacking`;
    await rm(temporary, { recursive: true, force: true });
    await mkdir(temporary, { recursive: true });
    try {
      await this.download(await this.concreteName(name, signal), temporary, signal);
      await rename(temporary, target);
    } finally {
      await rm(temporary, { recursive: true, force: true });
    }
    return target;
  }

  private async download(name: string, folder: string, signal?: AbortSignal): Promise<void> {
    await run('apt-get', [...this.options(), 'download', name], { cwd: folder, ...(signal && { signal }) });
    const deb = (await readdir(folder)).find((file) => file.endsWith('.deb'));
    if (deb === undefined) throw new Error(`apt-get downloaded nothing for ${name}:${this.arch}`);
    await run('dpkg-deb', ['-x', path.join(folder, deb), folder], { ...(signal && { signal }) });
    await unlink(path.join(folder, deb));
  }

  /** `linux-image-cloud-amd64` → `linux-image-6.1.0-NN-cloud-amd64`. */
  private async concreteName(name: string, signal?: AbortSignal): Promise<string> {
    if (!name.startsWith('linux-image-') || /^linux-image-\d+\./.test(name)) return name;
    const { stdout } = await run('apt-cache', [...this.options(), 'depends', name], { ...(signal && { signal }) });
    const image = /Depends: (linux-image-\d+\.\S+)/.exec(stdout)?.[1];
    if (image === undefined) throw new Error(`${name}:${this.arch} depends on no kernel image`);
    return image;
  }

  private async update(signal?: AbortSignal): Promise<void> {
    const stamp = path.join(this.state(), 'updated');
    if (existsSync(stamp)) return;
    await mkdir(path.join(this.state(), 'state/lists/partial'), { recursive: true });
    await mkdir(path.join(this.state(), 'cache/archives/partial'), { recursive: true });
    // An index that is missing from the archive fails the update but leaves the others, which is mostly enough; the
    // download that needs it says so if it is not.
    await run('apt-get', [...this.options(), 'update'], { ...(signal && { signal }) }).catch((error: unknown) => {
      if (signal?.aborted) throw error;
    });
    await writeFile(stamp, '');
  }

  private state(): string {
    return path.join(this.folder, 'apt', this.arch);
  }

  private options(): string[] {
    const options = {
      'Dir::State': path.join(this.state(), 'state'),
      'Dir::Cache': path.join(this.state(), 'cache'),
      'Dir::State::status': '/dev/null',
      'APT::Architecture': this.arch,
      'APT::Architectures': this.arch,
      'APT::Sandbox::User': '',
    };
    return Object.entries(options).flatMap(([key, value]) => ['-o', `${key}=${value}`]);
  }
}

/** The kernel in an unpacked kernel package. */
export async function kernelFile(packageFolder: string): Promise<string> {
  const folder = path.join(packageFolder, 'boot');
  const kernel = (await readdir(folder)).find((file) => file.startsWith('vmlinuz-'));
  if (kernel === undefined) throw new Error(`${packageFolder} holds no kernel`);
  return path.join(folder, kernel);
}
