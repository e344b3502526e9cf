import type { EngineKind, RegisterAccess, VcpuEngine, VcpuExit, VcpuStats } from '../cpu/engine.js';
import type { CpuState, GeneralRegister, SegmentName } from '../cpu/registers.js';

/**
 * The place of the processor on the board. Everything on the board is wired to the socket, so that the engine in it can
 * be exchanged between two slices: the new one goes on with the registers and pins of the old.
 */
export class VcpuSocket implements VcpuEngine {
  readonly registers: RegisterAccess;
  private interruptRequested = false;
  private a20 = true;

  constructor(private engine: VcpuEngine) {
    this.registers = new SocketRegisters(() => this.engine.registers);
  }

  get kind(): EngineKind {
    return this.engine.kind;
  }

  get stats(): VcpuStats {
    return this.engine.stats;
  }

  /**
   * Puts another engine in. Between runs only.
   * @param make makes the engine, wired as the old one was
   * @throws RangeError or what `make` throws; the old engine stays then
   */
  replace(make: () => VcpuEngine): void {
    const state = this.engine.saveState();
    const next = make();
    try {
      next.loadState(state);
    } catch (error) {
      next.close();
      throw error;
    }
    next.setA20(this.a20);
    next.setInterruptRequest(this.interruptRequested);
    this.engine.close();
    this.engine = next;
  }

  run(maxInstructions: number): VcpuExit {
    return this.engine.run(maxInstructions);
  }

  setInterruptRequest(asserted: boolean): void {
    this.interruptRequested = asserted;
    this.engine.setInterruptRequest(asserted);
  }

  raiseNmi(): void {
    this.engine.raiseNmi();
  }

  requestExit(): void {
    this.engine.requestExit();
  }

  reset(init?: boolean): void {
    this.engine.reset(init);
  }

  setA20(enabled: boolean): void {
    this.a20 = enabled;
    this.engine.setA20(enabled);
  }

  saveState(): CpuState {
    return this.engine.saveState();
  }

  loadState(state: CpuState): void {
    this.engine.loadState(state);
  }

  close(): void {
    this.engine.close();
  }
}

/** Registers of whichever engine is in the socket. */
class SocketRegisters implements RegisterAccess {
  constructor(private readonly current: () => RegisterAccess) {}

  get32(register: GeneralRegister): number {
    return this.current().get32(register);
  }

  set32(register: GeneralRegister, value: number): void {
    this.current().set32(register, value);
  }

  get eip(): number {
    return this.current().eip;
  }

  setEip(value: number): void {
    this.current().setEip(value);
  }

  get eflags(): number {
    return this.current().eflags;
  }

  setEflags(value: number): void {
    this.current().setEflags(value);
  }

  selector(segment: SegmentName): number {
    return this.current().selector(segment);
  }

  base(segment: SegmentName): number {
    return this.current().base(segment);
  }

  setRealModeSegment(segment: SegmentName, selector: number): void {
    this.current().setRealModeSegment(segment, selector);
  }
}
