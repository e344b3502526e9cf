import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { MachineConfig } from '../../shared/config/machine-config.js';
import { translatorFiguresSchema, type EngineReport } from '../../shared/contract/machine-view.js';
import { AnnexError } from '../../shared/contract/errors.js';
import type { EngineChooser } from '../host/engine/engine-chooser.js';
import { firmwareFiles } from '../host/firmware-files.js';
import { bulkPath } from '../host/machines.js';
import { checkFiles, checkMemory } from '../host/preflight.js';
import { machineRights } from '../host/supervisor/process-rights.js';
import type { ProcessStarter } from '../host/supervisor/process-starter.js';
import { RunningMachine, type RunEnd } from '../host/supervisor/running-machine.js';
import { writeScreenshot } from './screenshot-file.js';
import { nameRegions } from '../host/symbols/named-regions.js';
import type { SystemMap } from '../../shared/symbols/system-map.js';
import { attachTerminal } from './serial-terminal.js';
import { json, type Terminal } from './terminal.js';

export interface RunPlan {
  readonly config: MachineConfig;
  /** Whether COM1 is the terminal. */
  readonly serial: boolean;
  readonly timeoutMs: number | undefined;
  readonly screenshot: string | undefined;
  readonly stats: boolean;
  /** Names code in the figures. */
  readonly systemMap: SystemMap | undefined;
  readonly json: boolean;
}

/** Why the run ends while the machine is still on. */
type Interruption = 'timeout' | 'escaped' | 'signal';

/** One machine outside any library, for the length of one command. */
export class ThrowAwayRun {
  private end: RunEnd | undefined;

  constructor(
    private readonly plan: RunPlan,
    private readonly parts: { readonly starter: ProcessStarter; readonly engines: EngineChooser },
    private readonly terminal: Terminal,
  ) {}

  /** @returns 0 if the guest switched itself off or reset, or the time was up; 1 if it crashed @throws AnnexError */
  async run(): Promise<number> {
    const { config } = this.plan;
    checkMemory(config.memoryMiB);
    await checkFiles(config);
    const folder = await mkdtemp(path.join(tmpdir(), 'annex-run-'));
    try {
      return await this.runIn(folder);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  private async runIn(folder: string): Promise<number> {
    const startedAt = performance.now();
    const { config } = this.plan;
    const engine = await this.parts.engines.choose(config.engine);
    const machine = this.machine(folder, engine, await this.parts.engines.withheldFrom(config));
    await machine.start(await machineRights([folder], config.drives, engine.engine));
    const interruption = await this.untilOver(machine);
    if (interruption) await machine.powerOff();
    await machine.whenEnded();
    await this.report(interruption, performance.now() - startedAt);
    if (this.end?.error) throw AnnexError.fromWire(this.end.error);
    return 0;
  }

  private machine(folder: string, engine: EngineReport, withheldFeatures: readonly string[]): RunningMachine {
    const { config } = this.plan;
    return new RunningMachine(
      {
        config,
        backing: {},
        logPath: null,
        bulk: { path: bulkPath(folder, randomBytes(6).toString('hex')), secret: randomBytes(16).toString('hex') },
        firmware: firmwareFiles(config.firmware),
        engine,
        withheldFeatures: [...withheldFeatures],
        endOnReset: true,
        lastScreenWidth: null,
        restoreFrom: null,
      },
      this.parts.starter,
      {
        onChange: () => {},
        onNews: () => {},
        onStalled: () => {},
        onProcess: () => Promise.resolve(),
        onEnd: (end) => {
          this.end = end;
          return Promise.resolve();
        },
      },
    );
  }

  /** Resolves when the machine is off, or with why it is to be ended. */
  private async untilOver(machine: RunningMachine): Promise<Interruption | undefined> {
    const over: Promise<Interruption | undefined>[] = [machine.whenEnded().then(() => undefined), untilSignal()];
    if (this.plan.serial) over.push(this.joinTerminal(machine));
    let timer: NodeJS.Timeout | undefined;
    const { timeoutMs } = this.plan;
    if (timeoutMs !== undefined)
      over.push(new Promise((resolve) => (timer = setTimeout(() => resolve('timeout'), timeoutMs))));
    const interruption = await Promise.race(over);
    clearTimeout(timer);
    return interruption;
  }

  private async joinTerminal(machine: RunningMachine): Promise<Interruption | undefined> {
    const channel = await machine.openChannel('serial1');
    if ((await attachTerminal(channel)) === 'escaped') return 'escaped';
    await machine.whenEnded();
    return undefined;
  }

  private async report(interruption: Interruption | undefined, wallMs: number): Promise<void> {
    const { screenshot, stats, json: asJson } = this.plan;
    const lastLook = this.end?.lastLook;
    if (screenshot !== undefined && lastLook)
      await writeScreenshot(screenshot, {
        png: () => Promise.resolve(lastLook.screen.png),
        text: () => Promise.resolve(lastLook.text),
      });
    const outcome = interruption ?? this.end?.outcome;
    if (stats) this.terminal.error(`${JSON.stringify({ outcome, wallMs, ...this.figures() })}\n`);
    if (asJson) this.terminal.out(json({ outcome }));
  }

  private figures(): Record<string, unknown> {
    const stats = this.end?.lastLook?.stats ?? {};
    const { systemMap } = this.plan;
    const figures = translatorFiguresSchema.safeParse(stats['translator']);
    return systemMap && figures.success ? { ...stats, translator: nameRegions(figures.data, systemMap) } : stats;
  }
}

/** Ctrl+C without a serial terminal, or a polite kill. */
function untilSignal(): Promise<Interruption> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve('signal'));
  });
}
