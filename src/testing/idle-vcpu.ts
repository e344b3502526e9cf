import type { RegisterAccess, VcpuBus, VcpuEngine, VcpuExit } from '../main/vmm/cpu/engine.js';
import type { CpuState } from '../main/vmm/cpu/registers.js';

/**
 * A processor that executes nothing: a test reaches the board through {@link bus} as guest code would, and sees what
 * the board does to the processor's pins.
 */
export class IdleVcpu implements VcpuEngine {
  readonly kind = 'interpreter';
  interruptRequest = false;
  nmis = 0;
  resets = 0;
  initialisations = 0;
  a20 = true;
  exitRequested = false;
  readonly values = new Map<string, number>();
  readonly stats = { instructions: 0, counters: {} };

  constructor(
    readonly bus: VcpuBus,
    private readonly program: () => VcpuExit = () => ({ reason: 'halt' }),
  ) {}

  readonly registers: RegisterAccess & { eflags: number } = {
    get32: (register: string) => this.values.get(register) ?? 0,
    set32: (register: string, value: number) => void this.values.set(register, value >>> 0),
    eip: 0,
    setEip: () => undefined,
    eflags: 0,
    setEflags: () => undefined,
    selector: () => 0,
    base: () => 0,
    setRealModeSegment: () => undefined,
  };

  run(): VcpuExit {
    this.exitRequested = false;
    return this.program();
  }

  setInterruptRequest(asserted: boolean): void {
    this.interruptRequest = asserted;
  }

  raiseNmi(): void {
    this.nmis++;
  }

  requestExit(): void {
    this.exitRequested = true;
  }

  reset(init = false): void {
    if (init) this.initialisations++;
    else this.resets++;
  }

  setA20(enabled: boolean): void {
    this.a20 = enabled;
  }

  saveState(): CpuState {
    throw new Error('an idle processor has no state');
  }

  loadState(): void {
    throw new Error('an idle processor has no state');
  }

  close(): void {}
}
