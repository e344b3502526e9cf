import { openBus, type AccessSize, type BusHandler } from '../../bus/access.js';
import type { RegisterAccess } from '../../cpu/engine.js';
import type { BiosRom, ServiceName, TrapSite } from '../rom/bios-rom.js';
import type { Service, ServiceCall, Wait } from './service-call.js';

/** Services under way at one time; a guest that leaves more of them unfinished loses the oldest. */
const MAX_ACTIVATIONS = 16;

interface Activation {
  readonly service: ServiceName;
  readonly stack: number;
  readonly routine: Generator<Wait, void>;
}

export interface TrapHost {
  yieldUntilEvent(): void;
  log(line: string): void;
  /** Called before a service looks at memory: chooses how addresses are translated. */
  prepare(): void;
}

/** Answers the trap port: finds the service by the place in the ROM the OUT came from, and runs or resumes it. */
export class TrapDispatcher implements BusHandler {
  private activations: Activation[] = [];

  constructor(
    private readonly rom: BiosRom,
    private readonly services: Readonly<Record<ServiceName, Service>>,
    private readonly cpu: RegisterAccess,
    private readonly call: ServiceCall,
    private readonly host: TrapHost,
  ) {}

  reset(): void {
    this.activations = [];
  }

  read(_offset: number, size: AccessSize): number {
    return openBus(size);
  }

  write(): void {
    const site = this.rom.traps.get((this.cpu.base('cs') + this.cpu.eip) >>> 0);
    if (!site) return;
    try {
      this.host.prepare();
      this.call.begin(site.returns);
      this.run(site);
    } catch (error) {
      this.host.log(`BIOS service ${site.service} failed: ${String(error)}`);
    }
  }

  private run(site: TrapSite): void {
    const { stack } = this.call;
    const routine = this.take(site.service, stack, site.resumed) ?? this.services[site.service](this.call);
    if (!routine) return;
    const step = routine.next();
    if (step.done) return;
    this.activations.push({ service: site.service, stack, routine });
    if (this.activations.length > MAX_ACTIVATIONS) this.activations.shift();
    this.wait(site, step.value);
  }

  private wait(site: TrapSite, wait: Wait): void {
    if (wait === 'event') this.host.yieldUntilEvent();
    this.call.jump(wait === 'event' ? site.retryAt : site.waitAt);
  }

  /** Removes the activation of this service on this stack; a fresh call replaces one that was abandoned there. */
  private take(service: ServiceName, stack: number, resumed: boolean): Generator<Wait, void> | undefined {
    const index = this.activations.findIndex((a) => a.service === service && a.stack === stack);
    if (index < 0) return undefined;
    const [found] = this.activations.splice(index, 1);
    return resumed ? found!.routine : undefined;
  }
}
