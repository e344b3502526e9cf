import type { RegisterAccess } from '../engine.js';
import type { GeneralRegister, SegmentName } from '../registers.js';
import { VCPU_IOCTL } from './ioctls.js';
import type { KvmVcpu } from './kvm-vm.js';
import { readSegment, REGS_OFFSET, REGS_RFLAGS, REGS_RIP, SREGS_SEGMENT, writeSegment } from './structs.js';

/** Present, system bit set, writable data: what real mode leaves in a segment register. */
const REAL_ATTRIBUTES = 0x93;

/**
 * Registers of a vCPU that stands still, fetched from the kernel when first asked for and handed back before it runs on.
 * Firmware asks often; a guest's ordinary I/O never does.
 */
export class KvmRegisters implements RegisterAccess {
  private fetched = { regs: false, sregs: false };
  private changed = { regs: false, sregs: false };

  /** @param settle finishes an instruction whose exit is being served, so that RIP is the next one's */
  constructor(
    private readonly vcpu: KvmVcpu,
    private readonly settle: () => void,
  ) {}

  /** Hands changes to the kernel; what was fetched is stale once the vCPU has run. */
  flush(): void {
    if (this.changed.regs) this.vcpu.call(VCPU_IOCTL.setRegs, this.vcpu.memory.base + this.vcpu.memory.regs);
    if (this.changed.sregs) this.vcpu.call(VCPU_IOCTL.setSregs, this.vcpu.memory.base + this.vcpu.memory.sregs);
    this.changed = { regs: false, sregs: false };
    this.fetched = { regs: false, sregs: false };
  }

  get32(register: GeneralRegister): number {
    return this.regs().getUint32(this.vcpu.memory.regs + REGS_OFFSET[register], true);
  }

  set32(register: GeneralRegister, value: number): void {
    this.setReg(REGS_OFFSET[register], value);
  }

  get eip(): number {
    return this.regs().getUint32(this.vcpu.memory.regs + REGS_RIP, true);
  }

  setEip(value: number): void {
    this.setReg(REGS_RIP, value);
  }

  get eflags(): number {
    return this.regs().getUint32(this.vcpu.memory.regs + REGS_RFLAGS, true);
  }

  setEflags(value: number): void {
    this.setReg(REGS_RFLAGS, value | 2);
  }

  selector(segment: SegmentName): number {
    return readSegment(this.sregs(), this.vcpu.memory.sregs + SREGS_SEGMENT[segment]).selector;
  }

  base(segment: SegmentName): number {
    return Number(readSegment(this.sregs(), this.vcpu.memory.sregs + SREGS_SEGMENT[segment]).base & 0xffff_ffffn);
  }

  setRealModeSegment(segment: SegmentName, selector: number): void {
    const view = this.sregs();
    const at = this.vcpu.memory.sregs + SREGS_SEGMENT[segment];
    const old = readSegment(view, at);
    const usable = (old.attributes & 0x80) !== 0;
    const attributes = segment === 'cs' || !usable ? REAL_ATTRIBUTES : old.attributes;
    const limit = usable ? old.limit : 0xffff;
    writeSegment(view, at, { selector, base: BigInt(selector << 4), limit, attributes });
    this.changed.sregs = true;
  }

  private setReg(offset: number, value: number): void {
    this.regs().setBigUint64(this.vcpu.memory.regs + offset, BigInt(value >>> 0), true);
    this.changed.regs = true;
  }

  private regs(): DataView {
    if (!this.fetched.regs) {
      this.settle();
      this.vcpu.call(VCPU_IOCTL.getRegs, this.vcpu.memory.base + this.vcpu.memory.regs);
      this.fetched.regs = true;
    }
    return this.vcpu.memory.view;
  }

  private sregs(): DataView {
    if (!this.fetched.sregs) {
      this.settle();
      this.vcpu.call(VCPU_IOCTL.getSregs, this.vcpu.memory.base + this.vcpu.memory.sregs);
      this.fetched.sregs = true;
    }
    return this.vcpu.memory.view;
  }
}
