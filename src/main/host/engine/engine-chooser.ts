import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';
import type { MachineConfig } from '../../../shared/config/machine-config.js';
import { AnnexError } from '../../../shared/contract/errors.js';
import type { EngineReport } from '../../../shared/contract/machine-view.js';
import { kvmProbeSchema, type KvmProbe } from '../../../shared/engine/kvm-probe.js';

const PROBE_TIMEOUT_MS = 10_000;
const NO_DEVICE =
  'switch virtualization (VT-x, AMD-V) on in the firmware, or nested virtualization in the outer host, and load the kvm module';

const run = promisify(execFile);

/** Finds out about the host's KVM. */
export type ProbeKvm = () => Promise<KvmProbe>;

/** For hosts that are not to look. */
export const softwareOnly: ProbeKvm = () =>
  Promise.resolve({ usable: false, code: 'kvm-missing', message: 'this host was not examined for KVM', advice: null });

/** Asks the probe program (`out/main/engine-probe.js`). */
export function kvmProbeProgram(file: string): ProbeKvm {
  return async () => {
    if (!existsSync('/dev/kvm'))
      return { usable: false, code: 'kvm-missing', message: 'there is no /dev/kvm on this host', advice: NO_DEVICE };
    try {
      // Under Electron its binary has to be told to be Node.
      const env = { ...process.env, ELECTRON_RUN_AS_NODE: '1' };
      const { stdout } = await run(process.execPath, [file], { timeout: PROBE_TIMEOUT_MS, env });
      return kvmProbeSchema.parse(JSON.parse(stdout));
    } catch (error) {
      const message = `KVM could not be examined: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}`;
      return { usable: false, code: 'kvm-failed', message, advice: null };
    }
  };
}

/** Decides which engine runs a machine, and says why. The host is examined once. */
export class EngineChooser {
  private probed: Promise<KvmProbe> | undefined;

  constructor(private readonly probe: ProbeKvm) {}

  /**
   * @param wanted of the machine's settings
   * @throws AnnexError `engine-unavailable` if it must be an engine this host does not have
   */
  async choose(wanted: MachineConfig['engine']): Promise<EngineReport> {
    if (wanted === 'interpreter') {
      return { engine: 'interpreter', reasonCode: 'chosen-by-person', reason: 'The settings ask for the interpreter.' };
    }
    if (wanted === 'translator') {
      return { engine: 'translator', reasonCode: 'chosen-by-person', reason: 'The settings ask for the translator.' };
    }
    const kvm = await this.examined();
    return wanted === 'kvm' ? demanded(kvm) : fastest(kvm);
  }

  /**
   * Processor features a machine that is switched on is not to know of, so that it can be saved under one engine and go
   * on under another: what this host's KVM lacks, if the machine might ever be run by it.
   */
  async withheldFrom({ engine, processor }: Pick<MachineConfig, 'engine' | 'processor'>): Promise<readonly string[]> {
    if (engine !== 'auto' && processor === 'full') return [];
    const kvm = await this.examined();
    if (!kvm.usable) return [];
    if (processor === 'movable') return [...kvm.lacks, ...kvm.unsteady];
    return kvm.native ? kvm.lacks : [];
  }

  private examined(): Promise<KvmProbe> {
    return (this.probed ??= this.probe());
  }
}

/** For a saved machine that KVM does not take. @param refusal why */
export function softwareInstead(refusal: Error): EngineReport {
  return { engine: 'translator', reasonCode: 'state-not-for-kvm', reason: `Software, because of how it was saved. ${refusal.message}` };
} // prettier-ignore

function demanded(kvm: KvmProbe): EngineReport {
  if (kvm.usable) {
    return { engine: 'kvm', reasonCode: 'chosen-by-person', reason: `The settings ask for KVM. ${speeds(kvm)}`, measuredMips: kvm.mips };
  }
  const advice = kvm.advice === null ? '' : ` To use it, ${kvm.advice}.`;
  const message = `KVM cannot run this machine: ${kvm.message}.${advice} Or choose the automatic engine.`;
  throw new AnnexError('engine-unavailable', message, { engine: 'kvm' });
} // prettier-ignore

function fastest(kvm: KvmProbe): EngineReport {
  if (!kvm.usable) {
    const advice = kvm.advice === null ? '' : ` To use KVM, ${kvm.advice}.`;
    return { engine: 'translator', reasonCode: kvm.code, reason: `Software, because ${kvm.message}.${advice}` };
  }
  if (!kvm.native) {
    const reason = `Software, because this host's KVM emulates the guest's kernel mode. ${speeds(kvm)}`;
    return { engine: 'translator', reasonCode: 'kvm-emulated', reason, measuredMips: kvm.mips };
  }
  return { engine: 'kvm', reasonCode: 'fastest-measured', reason: `KVM runs guests on the processor. ${speeds(kvm)}`, measuredMips: kvm.mips };
} // prettier-ignore

function speeds({ mips }: Extract<KvmProbe, { usable: true }>): string {
  const shown = Object.entries(mips).map(([mode, speed]) => `${mode} ${speed < 10 ? speed.toFixed(1) : Math.round(speed)}`);
  return `Measured MIPS: ${shown.join(', ')}.`;
} // prettier-ignore
