import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';

/** Version of v86 that is measured, from the npm registry. */
export const V86_VERSION = '0.5.462';
const CACHE = path.resolve('.cache');
const ARCHITECTURES = ['i386', 'amd64'] as const;
const BIOS = '/usr/share/seabios/bios.bin';
const VGA_BIOS = '/usr/share/seabios/vgabios-stdvga.bin';

/** A peer, ours, or the processor itself, in one width; names as the kit's runner knows them. */
export type EngineName =
  | 'native32'
  | 'native64'
  | 'q32'
  | 'q64'
  | 'v86'
  | 'oursinterpreter32'
  | 'oursinterpreter64'
  | 'ourstranslator32'
  | 'ourstranslator64';

export const ENGINES: readonly EngineName[] = [
  'native32',
  'native64',
  'q32',
  'q64',
  'v86',
  'ourstranslator32',
  'ourstranslator64',
  'oursinterpreter32',
  'oursinterpreter64',
];

/** What is measured with one call of the kit's runner. */
export interface KitRun {
  readonly engine: EngineName;
  readonly round: number;
  /** Tests by name; all of them if not given. */
  readonly tests: string | undefined;
  readonly results: string;
}

/** The benchmark kit, which lies beside the repository: guests, runners of the peers, table. */
export class Kit {
  private readonly guests = path.join(CACHE, 'bench-guests');

  /** @throws Error if there is no kit at `folder` */
  constructor(private readonly folder: string) {
    if (!existsSync(path.join(folder, 'run-all.sh')))
      throw new Error(
        `No benchmark kit at ${folder}: it is not part of the repository. Name its folder with --kit=DIR.`,
      );
  }

  /**
   * Builds the guests unless that was done before.
   * @throws Error if a tool is missing
   */
  buildGuests(): void {
    if (ARCHITECTURES.every((arch) => existsSync(path.join(this.guests, arch, 'full.gz')))) return;
    mkdirSync(this.guests, { recursive: true });
    const { status } = spawnSync('sh', [path.join(this.folder, 'build-guests.sh'), this.guests], {
      stdio: ['ignore', 2, 2],
    });
    if (status !== 0)
      throw new Error(
        'The guests were not built. It takes gcc with -m32 (gcc-multilib) and i386 packages (dpkg --add-architecture i386, apt-get update).',
      );
  }

  run({ engine, round, tests, results }: KitRun): void {
    const choice = tests === undefined ? {} : { T32: tests, T64: tests };
    const env = { ...process.env, ...this.environment(engine), ...choice, FIRST: String(round) };
    const { status } = spawnSync(
      'sh',
      [path.join(this.folder, 'run-all.sh'), this.guests, results, String(round), engine],
      { stdio: ['ignore', 2, 2], env },
    );
    if (status !== 0) throw new Error(`the kit's runner ended with ${status} on ${engine}`);
  }

  /** Markdown; `cpu`: CPU seconds of the engine's whole process tree, else wall seconds. The best of the rounds. */
  table(results: string, by: 'cpu' | 'wall'): string {
    const args = [path.join(this.folder, 'table.mjs'), results, '--min', ...(by === 'wall' ? ['--wall'] : [])];
    return execFileSync(process.execPath, args, { encoding: 'utf8' }).trim();
  }

  private environment(engine: EngineName): NodeJS.ProcessEnv {
    // The kit starts `node`: the one the product runs under.
    const commands = `${path.resolve('node_modules/.bin')}:${process.env['PATH'] ?? ''}`;
    if (engine === 'v86') return { PATH: commands, V86_DIR: v86(), V86_BIOS: BIOS, V86_VGABIOS: VGA_BIOS };
    if (!engine.startsWith('ours')) return { PATH: commands };
    return {
      PATH: commands,
      OURS: path.join(this.folder, 'engines/annex.sh'),
      ANNEX: path.resolve('bin/annex.js'),
      ENGINE: engine.replace('ours', '').replace(/\d+$/, ''),
    };
  }
}

/** The unpacked npm package; it is no dependency of ours, only measured. */
function v86(): string {
  const folder = path.join(CACHE, `v86-${V86_VERSION}`);
  if (existsSync(path.join(folder, 'package/build/v86.wasm'))) return path.join(folder, 'package');
  mkdirSync(folder, { recursive: true });
  execFileSync('npm', ['pack', `v86@${V86_VERSION}`, '--silent', '--pack-destination', folder], { stdio: 'ignore' });
  execFileSync('tar', ['-xzf', path.join(folder, `v86-${V86_VERSION}.tgz`), '-C', folder]);
  return path.join(folder, 'package');
}
