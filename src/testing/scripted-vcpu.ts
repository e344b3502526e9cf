import type { RegisterAccess, VcpuEngine } from '../main/vmm/cpu/engine.js';
import type { GeneralRegister, SegmentName } from '../main/vmm/cpu/registers.js';
import { IdleVcpu } from './idle-vcpu.js';

/** Real-mode registers without a processor behind them. */
export class ScriptedRegisters implements RegisterAccess {
  private readonly general = new Map<GeneralRegister, number>();
  private readonly selectors = new Map<SegmentName, number>();
  eip = 0;
  eflags = 2;

  get32(register: GeneralRegister): number {
    return this.general.get(register) ?? 0;
  }

  set32(register: GeneralRegister, value: number): void {
    this.general.set(register, value >>> 0);
  }

  setEip(value: number): void {
    this.eip = value;
  }

  setEflags(value: number): void {
    this.eflags = value;
  }

  selector(segment: SegmentName): number {
    return this.selectors.get(segment) ?? 0;
  }

  base(segment: SegmentName): number {
    return this.selector(segment) << 4;
  }

  setRealModeSegment(segment: SegmentName, selector: number): void {
    this.selectors.set(segment, selector);
  }
}

/** A processor whose registers a test sets by hand before it writes a port, as if an instruction had. */
export class ScriptedVcpu extends IdleVcpu implements VcpuEngine {
  override readonly registers: ScriptedRegisters = new ScriptedRegisters();
}
