import { parseArgs } from 'node:util';
import { obeyBranchHints } from '../../../src/main/vmhost/engine/branch-hints.js';
import { debianKernel } from '../../../src/testing/debian-packages.js';
import { busyboxInitramfs, SHELL_INIT } from '../../../src/testing/initramfs.js';
import { createSeededTranslatingVcpu, createSeededVcpu } from '../../../src/testing/interpreter.js';
import { describeDifference } from './describe.js';
import type { LockstepGuest } from './half.js';
import { Lockstep, type Difference } from './lockstep.js';

const USAGE = `npm run lockstep -- [--instructions MILLIONS] [--unit N] [--arch amd64|i386] [--kernel FILE --initrd FILE] [--append TEXT]
Boots Linux on the interpreter and on the translator side by side, compares them every N instructions (default: 20000)
and stops at the first difference, which it then narrows down to a few basic blocks.`;

// As in the process of a VM.
obeyBranchHints();

const PROGRESS_MS = 10_000;
/** Instructions of a unit when a difference is narrowed down. */
const FINE_UNIT = 20;

interface Options {
  readonly guest: LockstepGuest;
  readonly instructions: number;
  readonly unit: number;
}

async function parseOptions(args: readonly string[]): Promise<Options> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      instructions: { type: 'string', default: '200' },
      unit: { type: 'string', default: '20000' },
      arch: { type: 'string', default: 'amd64' },
      kernel: { type: 'string' },
      initrd: { type: 'string' },
      append: { type: 'string', default: 'console=ttyS0' },
    },
  });
  const arch = values.arch === 'i386' ? 'i386' : 'amd64';
  const meta = arch === 'i386' ? 'linux-image-686' : 'linux-image-cloud-amd64';
  const guest = {
    kernel: values.kernel ?? (await debianKernel(meta)),
    initrd: values.initrd ?? (await busyboxInitramfs(arch, SHELL_INIT)),
    commandLine: values.append,
    memoryMiB: 256,
  };
  return { guest, instructions: Number(values.instructions) * 1e6, unit: Number(values.unit) };
}

/** Runs until a difference, the guest's end, or as many instructions; units after `fineFrom` are small. */
function run(lockstep: Lockstep, { instructions, unit }: Options, fineFrom = Infinity): Difference | undefined {
  let told = performance.now();
  while (lockstep.instructions < instructions && !lockstep.ended) {
    const difference = lockstep.unit(lockstep.units < fineFrom ? unit : FINE_UNIT);
    if (difference) return difference;
    if (performance.now() - told < PROGRESS_MS) continue;
    told = performance.now();
    console.log(
      `${Math.round(lockstep.instructions / 1e6)} million instructions, ${lockstep.serial.length} bytes printed`,
    );
  }
  return undefined;
}

async function main(): Promise<number> {
  const options = await parseOptions(process.argv.slice(2));
  const pair = (): Lockstep => new Lockstep(options.guest, createSeededVcpu, createSeededTranslatingVcpu);
  const first = pair();
  const difference = run(first, options);
  if (!difference) {
    const { regions, regionsDropped } = first.counters;
    console.log(
      `no difference in ${Math.round(first.instructions / 1e6)} million instructions, ${regions} regions (${regionsDropped} dropped)\n${first.serial.slice(-200)}`,
    );
    return 0;
  }
  console.log(describeDifference(difference, first.underTest));
  const second = pair();
  const narrow = run(second, options, difference.unit);
  if (narrow) console.log(`\nnarrowed down:\n${describeDifference(narrow, second.underTest)}`);
  return 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  console.error(USAGE);
  process.exitCode = 2;
}
