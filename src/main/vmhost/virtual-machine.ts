import type { BulkChannel } from '../../shared/contract/client.js';
import { AnnexError } from '../../shared/contract/errors.js';
import type { InputEvent } from '../../shared/contract/input.js';
import type { EngineReport, MachineMetrics } from '../../shared/contract/machine-view.js';
import { typeText } from '../../shared/input/us-layout.js';
import type { ChannelKind, FromVm, LastLook, VmCall, VmOutcome, VmPlan } from '../../shared/vm-process/protocol.js';
import { BlockServer } from '../vmm/block/block-server.js';
import type { DisplaySource } from '../vmm/devices/display/display-source.js';
import type { Frame } from '../vmm/devices/display/scanout/frame.js';
import { ScanOut } from '../vmm/devices/display/scanout/scan-out.js';
import { thumbnail } from '../vmm/devices/display/scanout/thumbnail.js';
import { DisplayStream } from '../vmm/devices/display/stream/display-stream.js';
import type { MachineSpec } from '../vmm/machine/machine-spec.js';
import { knownFeatures } from '../vmm/cpu/cpu-features.js';
import type { OffCause } from '../vmm/machine/machine.js';
import { ActivityLights } from './activity-lights.js';
import { readBootFiles } from './boot-files.js';
import { coreModule, displayKernelModule } from './core-module.js';
import { DriveBay } from './drives/drive-bay.js';
import { IdleCores } from './idle-cores.js';
import { MachineThreadClient, type MachineNews } from './machine/machine-thread-client.js';
import type { MachineMeasures } from './machine/thread-messages.js';
import { specOf } from './machine/machine-spec-of.js';
import { MetricsSampler } from './metrics-sampler.js';
import { encodePng } from './png.js';
import { BlockChannelServer } from './rings/block-channel-server.js';
import { SerialHub } from './serial/serial-hub.js';
import { SavedMachine } from './snapshot/saved-machine.js';
import { SnapshotTaker, type SnapshotPorts } from './snapshot/snapshot-taker.js';
import { Typist } from './typist.js';

/** Shortest time between two reports of progress, in ms. */
const PROGRESS_EVERY_MS = 100;

/** Time the machine thread has to end by itself at power-off, in ms. */
const END_GRACE_MS = 3000;

/** What a machine tells the process around it. */
export interface MachineListener {
  tell(news: FromVm): void;
  log(line: string): void;
  /** It is over; everything is closed. */
  onEnd(outcome: VmOutcome, error: AnnexError | null, lastLook: LastLook | null): void;
}

/** One machine on the I/O thread: its files, screen, serial lines and the thread that runs it. */
export class VirtualMachine {
  private thread!: MachineThreadClient;
  private drives!: DriveBay;
  private blockServer!: BlockChannelServer;
  private scanOut!: ScanOut;
  private display!: DisplayStream;
  private displayKernel!: WebAssembly.Module;
  private lights!: ActivityLights;
  private readonly serials = new Map<1 | 2, SerialHub>();
  private readonly typist = new Typist((events) => this.input(events));
  private readonly metrics: MetricsSampler;
  private readonly spec: MachineSpec;
  private snapshots!: SnapshotTaker;
  /** What the machine goes on from, until it has. */
  private restored: SavedMachine | undefined;
  private running = false;
  private built: { resolve(): void; reject(error: AnnexError): void } | undefined;
  private lastProgress = -1;
  private screenSize = '';
  private ending: Promise<void> | undefined;

  constructor(
    private readonly plan: VmPlan,
    private readonly listener: MachineListener,
  ) {
    this.spec = specOf(plan);
    this.metrics = new MetricsSampler(plan.config.id);
    for (const port of this.spec.serialPorts)
      this.serials.set(port, new SerialHub((bytes) => this.thread.tell({ type: 'serial', port, bytes })));
  }

  /** Builds the machine and lets it run. @throws AnnexError why it cannot; everything is closed then */
  async start(): Promise<EngineReport> {
    try {
      const [core, kernel, firmware] = await Promise.all([
        coreModule(),
        displayKernelModule(),
        readBootFiles(this.plan),
      ]);
      this.displayKernel = kernel;
      const built = new Promise<void>((resolve, reject) => (this.built = { resolve, reject }));
      this.thread = new MachineThreadClient(
        new URL('./machine-thread.js', import.meta.url),
        {
          spec: this.spec,
          core,
          firmware,
          engine: this.plan.engine.engine,
          withheldFeatures: knownFeatures(this.plan.withheldFeatures),
        },
        (news) => this.hear(news),
        (error) => this.fail(error),
      );
      // While the thread comes up: its news wait until this is done.
      const { restoreFrom } = this.plan;
      if (restoreFrom !== null) this.restored = SavedMachine.open(restoreFrom, this.spec);
      await built;
      this.running = true;
      return this.plan.engine;
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /** Whether the machine's loop has come round since the last time this was asked. */
  isAlive(): boolean {
    const { progress } = this.thread;
    const alive = progress !== this.lastProgress;
    this.lastProgress = progress;
    return alive;
  }

  input(events: readonly InputEvent[]): void {
    this.thread.tell({ type: 'input', events });
    this.display.poke();
  }

  openChannel(kind: ChannelKind, channel: BulkChannel): void {
    if (kind === 'display') return this.openDisplay(channel);
    const hub = this.serials.get(kind === 'serial1' ? 1 : 2);
    if (hub) hub.attach(channel);
    else channel.close();
  }

  /** Carries out a call and gives its answer. @throws AnnexError */
  async call(call: VmCall): Promise<unknown> {
    switch (call.name) {
      case 'pause':
      case 'resume':
      case 'reset':
      case 'press-power-button':
        return this.thread.tell({ type: call.name });
      case 'power-off':
        return this.powerOff();
      case 'set-medium':
        return this.setMedium(call.driveId, call.path, call.force);
      case 'type':
        return this.type(call.text);
      case 'screenshot':
        return this.screenshot(call.maxWidth);
      case 'screen-text':
        return { text: this.scanOut.text() ?? null };
      case 'stats':
        return { stats: this.statsOf(await this.thread.measure(true)) };
      case 'take-snapshot':
        return this.snapshots.take(call);
      case 'cancel-snapshot':
        return this.snapshots.cancel();
      case 'suspend':
        return this.suspend(call);
      case 'merge-layer':
        return this.drives.mergeLayer(call.driveId, call.layer, this.mergeProgress(call));
      case 'merge-down':
        return { mirrored: await this.drives.mergeDown(call.driveId, call, this.mergeProgress(call)) };
      case 'finish-merge':
        return this.drives.finishMerge(call.driveId);
      case 'cancel-merge':
        return this.drives.cancelMerge(call.driveId);
    }
  }

  /** @param watched whether somebody looks at the figures */
  async sample(watched: boolean): Promise<MachineMetrics> {
    const measures = await this.thread.measure(watched);
    return this.metrics.sample({
      measures,
      disks: Object.fromEntries(this.drives.counters()),
      screen: this.screen(),
      residentBytes: process.memoryUsage.rss(),
      guestBytes: this.spec.memoryBytes,
      at: Date.now(),
    });
  }

  /** Cuts the power, closes everything and reports the end. */
  powerOff(): Promise<void> {
    return this.end('power-off', null);
  }

  private hear(news: MachineNews): void {
    switch (news.type) {
      case 'memory':
        return void this.build(news.memory).catch((error: unknown) => this.built?.reject(asAnnexError(error)));
      case 'built':
        return void this.machineBuilt(news.display).catch((error: unknown) => this.built?.reject(asAnnexError(error)));
      case 'state-loaded':
        return this.loadRam(this.restored!);
      case 'power':
        return this.powerChanged(news.paused, news.noSpace);
      case 'off':
        return void this.offBy(news.cause);
      case 'halted-for-good':
        return this.haltedForGood();
      case 'failed':
        return this.fail(new AnnexError(news.code, news.message));
      case 'serial':
        this.lights?.serialMoved();
        return this.serials.get(news.port)?.fromGuest(news.bytes);
      case 'drive':
        return void this.trayMoved(news);
      case 'log':
        return this.listener.log(news.line);
    }
  }

  private memory!: WebAssembly.Memory;

  private async build(memory: WebAssembly.Memory): Promise<void> {
    this.memory = memory;
    const blocks = new BlockServer(new Uint8Array(memory.buffer));
    this.blockServer = new BlockChannelServer(this.thread.blocks, blocks);
    this.drives = new DriveBay(this.plan.config.drives, blocks, this.plan.backing);
    this.thread.tell({
      type: 'build',
      drives: await this.drives.loadAll(),
      restoredClockNs: this.restored?.state.clockNs,
    });
  }

  private async machineBuilt(source: DisplaySource): Promise<void> {
    this.connectDisplay(source);
    this.snapshots = new SnapshotTaker(this.snapshotPorts(), this.restored?.baseline ?? { kind: 'power-on' });
    if (!this.restored) return this.built?.resolve();
    const { state, plan } = this.restored;
    this.restored.prepare(this.memory, source.videoMemory.offset);
    this.thread.tell({ type: 'load-state', state, ram: plan });
  }

  /** The machine may run; what it asks for before it has come, it brings in itself. */
  private loadRam(saved: SavedMachine): void {
    const loaded = saved.load(this.memory).then(() => this.thread.tell({ type: 'ram-loaded' }));
    loaded.catch((error: unknown) => this.fail(error));
    this.snapshots.waitFor(loaded);
    this.restored = undefined;
    this.built?.resolve();
  }

  private snapshotPorts(): SnapshotPorts {
    return {
      thread: this.thread,
      memory: this.memory,
      spec: this.spec,
      preparePivot: (heads) => this.drives.preparePivot(heads),
      photograph: (maxWidth) => {
        const picture = thumbnail(this.display.snapshot(), maxWidth);
        return () => screenshotOf(picture);
      },
      tell: (news) => this.listener.tell(news),
    };
  }

  private async suspend(call: Extract<VmCall, { name: 'suspend' }>): Promise<unknown> {
    const suspended = await this.snapshots.suspend(call);
    // The answer goes first: nothing awaits the end.
    setImmediate(() => void this.end('suspended', null));
    return suspended;
  }

  private mergeProgress({ driveId, layer }: { readonly driveId: string; readonly layer: string }) {
    let toldAt = 0;
    return (doneBytes: number, totalBytes: number): void => {
      if (performance.now() - toldAt < PROGRESS_EVERY_MS) return;
      toldAt = performance.now();
      this.listener.tell({ type: 'merge-progress', driveId, layer, doneBytes, totalBytes });
    };
  }

  private connectDisplay(source: DisplaySource): void {
    this.scanOut = new ScanOut(this.memory, this.displayKernel, source);
    const cores = new IdleCores();
    this.display = new DisplayStream(this.scanOut, {
      nowMs: () => performance.now(),
      idleCores: () => cores.sinceLast(),
      schedule: (delayMs, callback) => {
        const timer = setTimeout(callback, delayMs);
        return () => clearTimeout(timer);
      },
    });
    this.lights = new ActivityLights(
      () => this.drives.counters(),
      (drives, serial) => this.listener.tell({ type: 'activity', drives, serial }),
    );
  }

  private openDisplay(channel: BulkChannel): void {
    const viewer = this.display.attach((bytes) => channel.send(bytes));
    channel.onMessage((message) => viewer.onMessage(message));
    channel.onClose(() => viewer.detach());
  }

  private powerChanged(paused: boolean, noSpace: boolean): void {
    this.typist.setPaused(paused);
    const problem = noSpace
      ? new AnnexError(
          'no-space',
          'The disk of this computer is full, so the machine was paused. Free some space and resume it.',
        )
      : null;
    this.listener.tell({ type: 'power', state: paused ? 'paused' : 'running', problem: problem?.toWire() ?? null });
  }

  private offBy(cause: OffCause): Promise<void> {
    if (cause !== 'triple-fault') return this.end(cause, null);
    const error = new AnnexError(
      'guest-shutdown',
      'The guest crashed: its processor met a fault it had no way to handle (triple fault). Reset or start it again.',
    );
    return this.end(cause, error);
  }

  /** How a guest without ACPI switches itself off. */
  private haltedForGood(): void {
    if (this.plan.endOnReset) void this.end('halted', null);
    else this.listener.tell({ type: 'halted' });
  }

  /** The machine thread broke down, or never came up. */
  private fail(error: unknown): void {
    const reason = asAnnexError(error);
    this.listener.log(`failed: ${reason.message}`);
    if (!this.running) this.built?.reject(reason);
    else void this.end('failed', reason);
  }

  private end(outcome: VmOutcome, error: AnnexError | null): Promise<void> {
    this.ending ??= this.endOnce(outcome, error);
    return this.ending;
  }

  private async endOnce(outcome: VmOutcome, error: AnnexError | null): Promise<void> {
    await this.snapshots?.close();
    await this.endThread();
    const lastLook = await this.lastLook().catch(() => null);
    await this.close();
    this.listener.onEnd(outcome, error, lastLook);
  }

  /** The machine's memory outlives its thread, so the screen is still there. */
  private async lastLook(): Promise<LastLook | null> {
    const measures = this.thread.finalMeasures;
    if (!measures) return null;
    const screen = await this.screenshot(this.plan.lastScreenWidth ?? undefined);
    return { screen, text: this.scanOut.text() ?? null, stats: this.statsOf(measures) };
  }

  private async close(): Promise<void> {
    this.typist.stop();
    this.lights?.stop();
    this.display?.dispose();
    await this.endThread();
    await this.drives?.closeAll();
    this.blockServer?.close();
    this.serials.forEach((hub) => hub.close());
  }

  private async endThread(): Promise<void> {
    if (!this.thread) return;
    this.thread.tell({ type: 'power-off' });
    await Promise.race([this.thread.ended, new Promise((resolve) => setTimeout(resolve, END_GRACE_MS).unref())]);
    await this.thread.terminate();
  }

  private async setMedium(driveId: string, path: string | null, force: boolean): Promise<void> {
    if (!(await this.thread.eject(driveId, force)))
      throw new AnnexError('vm-wrong-state', 'The guest holds this drive locked. Eject it in the guest, or force it.', {
        driveId,
      });
    await this.drives.unload(driveId);
    if (path === null) return;
    this.thread.tell({ type: 'insert', driveId, medium: await this.drives.insert(driveId, path) });
  }

  private async trayMoved({ driveId, ejected, locked }: Extract<MachineNews, { type: 'drive' }>): Promise<void> {
    if (ejected) await this.drives.unload(driveId);
    this.listener.tell({ type: 'drive', driveId, mediumPath: this.drives.pathOf(driveId) ?? null, locked });
  }

  private type(text: string): { typed: number; skipped: string } {
    const { strokes, skipped } = typeText(text);
    this.typist.type(strokes);
    return { typed: strokes.length, skipped };
  }

  private async screenshot(maxWidth: number | undefined): Promise<{ png: string; width: number; height: number }> {
    const whole = this.display.snapshot();
    return screenshotOf(maxWidth === undefined ? whole : thumbnail(whole, maxWidth));
  }

  private statsOf(measures: MachineMeasures): Record<string, unknown> {
    const { user, system } = process.cpuUsage();
    return {
      engine: this.plan.engine,
      ...measures,
      drives: Object.fromEntries(this.drives.counters()),
      process: { cpuMs: (user + system) / 1000, residentBytes: process.memoryUsage.rss() },
    };
  }

  /** The screen's size and kind as they are now; a change is told at once. */
  private screen(): MachineMetrics['screen'] {
    this.display.snapshot();
    const { width, height, kind } = this.scanOut.mode;
    const size = `${width}x${height}`;
    if (size !== this.screenSize) this.listener.tell({ type: 'screen-size', width, height });
    this.screenSize = size;
    return { width, height, graphics: kind !== 'text' && kind !== 'blank' };
  }
}

async function screenshotOf(frame: Frame): Promise<{ png: string; width: number; height: number }> {
  const png = await encodePng(frame);
  return { png: Buffer.from(png).toString('base64'), width: frame.width, height: frame.height };
}

function asAnnexError(error: unknown): AnnexError {
  if (error instanceof AnnexError) return error;
  const cause = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return new AnnexError(
    'internal',
    'The machine broke down because of a defect in Annex. Its log has the details.',
    {},
    { cause },
  );
}
