import { EngineChooser, kvmProbeProgram } from '../../host/engine/engine-chooser.js';
import { installation } from '../installation.js';
import { ForkStarter } from '../../host/supervisor/fork-starter.js';
import type { Arguments, Command } from '../command.js';
import { checkScreenshotName } from '../screenshot-file.js';
import { refuseNeeded } from '../library-guard.js';
import { readSystemMap } from '../../host/symbols/system-map-file.js';
import { UsageError } from '../usage-error.js';
import { throwAwayConfig } from '../throw-away-config.js';
import { ThrowAwayRun, type RunPlan } from '../throw-away-run.js';

export const run: Command = {
  name: 'run',
  positionals: [],
  summary: 'Runs one throw-away machine in this terminal; ends with the guest (Ctrl+A x ends it at once).',
  options: {
    'kernel': { value: 'FILE', help: 'kernel to start directly (Linux, PVH, multiboot)' },
    'initrd': { value: 'FILE', help: 'initial RAM disk for the kernel' },
    'append': { value: 'TEXT', help: 'command line for the kernel' },
    'cdrom': { value: 'FILE', help: 'CD in the drive' },
    'disk': { value: 'FILE', help: 'IDE disk; may be given up to three times', multiple: true },
    'floppy': { value: 'FILE', help: 'diskette in the drive' },
    'firmware': { value: 'KIND', help: 'builtin, seabios or a file (default: builtin)' },
    'boot': { value: 'LIST', help: 'boot order, such as cdrom,disk' },
    'memory': { value: 'MiB', help: 'guest memory (default: 512)' },
    'cpus': { value: 'N', help: 'processors; this version has 1' },
    'engine': { value: 'KIND', help: 'auto, interpreter, translator or kvm (default: auto)' },
    'net': { value: 'KIND', help: 'none; this version has no network' },
    'serial': { value: 'KIND', help: 'stdio or none (default: stdio)' },
    'timeout': { value: 'S', help: 'end the machine after S seconds' },
    'screenshot': { value: 'FILE', help: 'save the screen at the end: .png or .txt' },
    'stats': { help: 'print figures as JSON on standard error at the end' },
    'system-map': { value: 'FILE', help: "names hot kernel code in them by the kernel's System.map" },
  },
  async run(args, terminal) {
    const starter = new ForkStarter(installation.vmProcess);
    const engines = new EngineChooser(kvmProbeProgram(installation.engineProbe));
    const plan = await planOf(args);
    await refuseNeeded(args, args.strings('disk'));
    return new ThrowAwayRun(plan, { starter, engines }, terminal).run();
  },
};

async function planOf(args: Arguments): Promise<RunPlan> {
  choice(args, 'net', ['none']);
  const screenshot = args.string('screenshot');
  if (screenshot !== undefined) checkScreenshotName(screenshot);
  const systemMap = args.string('system-map');
  const seconds = args.number('timeout', 0, 10_000_000);
  args.number('cpus', 1, 1);
  return {
    config: await throwAwayConfig({
      kernel: args.string('kernel'),
      initrd: args.string('initrd'),
      append: args.string('append'),
      cdrom: args.string('cdrom'),
      floppy: args.string('floppy'),
      disks: args.strings('disk'),
      firmware: args.string('firmware') ?? 'builtin',
      boot: args.string('boot'),
      memoryMiB: Math.floor(args.number('memory', 4, 3072) ?? 512),
      engine: choice(args, 'engine', ['auto', 'interpreter', 'translator', 'kvm']) ?? 'auto',
    }),
    serial: (choice(args, 'serial', ['stdio', 'none']) ?? 'stdio') === 'stdio',
    timeoutMs: seconds === undefined ? undefined : seconds * 1000,
    screenshot,
    stats: args.flag('stats'),
    systemMap: systemMap === undefined ? undefined : await readSystemMap(systemMap),
    json: args.flag('json'),
  };
}

function choice<T extends string>(args: Arguments, name: string, allowed: readonly T[]): T | undefined {
  const given = args.string(name);
  if (given === undefined) return undefined;
  const found = allowed.find((value) => value === given);
  if (found === undefined) throw new UsageError(`--${name} takes ${allowed.join(' or ')}, not "${given}".`);
  return found;
}
