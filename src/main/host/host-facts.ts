import { statfs } from 'node:fs/promises';
import os from 'node:os';
import type { HostFacts } from '../../shared/contract/host-view.js';
import { demoUnavailable } from './demo/demo-guest.js';
import type { EngineChooser } from './engine/engine-chooser.js';
import { listFirmware } from './firmware-files.js';

/** Gathers what the host is and has. */
export class HostFactsReader {
  private lastCpu = cpuTimes();

  constructor(
    private readonly version: string,
    private readonly libraryPath: string,
    private readonly engines: EngineChooser,
  ) {}

  async read(): Promise<HostFacts> {
    const cpus = os.cpus();
    const disk = await statfs(this.libraryPath);
    const missing = await demoUnavailable();
    return {
      platform: `${os.type()} ${os.release()} ${os.arch()}`,
      version: this.version,
      cpuModel: cpus[0]?.model.trim() ?? 'unknown',
      cpus: cpus.length,
      cpuLoad: this.cpuLoad(),
      memoryBytes: os.totalmem(),
      freeMemoryBytes: process.availableMemory?.() ?? os.freemem(),
      libraryPath: this.libraryPath,
      libraryFreeBytes: disk.bavail * disk.bsize,
      engine: await this.engines.choose('auto'),
      firmware: await listFirmware(),
      demo: { available: missing === undefined, reason: missing ?? null },
    };
  }

  /** Share of all cores in use since the last call, 0…1. */
  private cpuLoad(): number {
    const now = cpuTimes();
    const [busy, total] = [now.busy - this.lastCpu.busy, now.total - this.lastCpu.total];
    this.lastCpu = now;
    return total > 0 ? busy / total : 0;
  }
}

function cpuTimes(): { busy: number; total: number } {
  const times = os.cpus().map((cpu) => cpu.times);
  const total = times.reduce((sum, t) => sum + t.user + t.nice + t.sys + t.idle + t.irq, 0);
  return { total, busy: total - times.reduce((sum, t) => sum + t.idle, 0) };
}
