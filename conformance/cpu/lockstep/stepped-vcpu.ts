import type { EngineKind, RegisterAccess, VcpuEngine, VcpuExit, VcpuStats } from '../../../src/main/vmm/cpu/engine.js';
import type { CpuState } from '../../../src/main/vmm/cpu/registers.js';

/** An engine that runs as far as it is told, whatever its machine asks for. */
export class SteppedVcpu implements VcpuEngine {
  /** Instructions of the next run. */
  allowance = 0;

  constructor(private readonly inner: VcpuEngine) {}

  get kind(): EngineKind {
    return this.inner.kind;
  }

  get registers(): RegisterAccess {
    return this.inner.registers;
  }

  get stats(): VcpuStats {
    return this.inner.stats;
  }

  run(): VcpuExit {
    return this.inner.run(this.allowance);
  }

  setInterruptRequest(asserted: boolean): void {
    this.inner.setInterruptRequest(asserted);
  }

  raiseNmi(): void {
    this.inner.raiseNmi();
  }

  requestExit(): void {
    this.inner.requestExit();
  }

  reset(init?: boolean): void {
    this.inner.reset(init);
  }

  setA20(enabled: boolean): void {
    this.inner.setA20(enabled);
  }

  saveState(): CpuState {
    return this.inner.saveState();
  }

  loadState(state: CpuState): void {
    this.inner.loadState(state);
  }

  close(): void {
    this.inner.close();
  }
}
