import { ArgumentMemory } from '../main/vmm/cpu/kvm/argument-memory.js';
import { VCPU_IOCTL, VM_IOCTL } from '../main/vmm/cpu/kvm/ioctls.js';
import type { KvmKernel } from '../main/vmm/cpu/kvm/kernel-port.js';
import { KvmSystem } from '../main/vmm/cpu/kvm/kvm-system.js';
import { KvmVm, type KvmVcpu } from '../main/vmm/cpu/kvm/kvm-vm.js';
import { writeVcpuState } from '../main/vmm/cpu/kvm/vcpu-state.js';
import { powerOnState } from '../main/vmm/cpu/reset-state.js';
import { GuestMemory } from '../main/vmm/memory/guest-memory.js';
import { RAM_OFFSET } from '../main/vmm/memory/layout.js';
import { libcKernel } from '../main/vmhost/kvm/libc-kernel.js';

const RAM_BYTES = 0xa_0000;
const CODE = 0x1000;
const STACK = 0x9000;

/** A VM of the kernel with one vCPU about to run code, and no board around it. */
export class KvmLab {
  readonly kernel: KvmKernel = libcKernel();
  readonly system = new KvmSystem(this.kernel);
  readonly memory = new GuestMemory(1 << 20, 1 << 20);
  readonly vm = new KvmVm(this.system, new ArgumentMemory(this.memory, this.kernel.addressOf(this.memory.wasm.buffer)));
  readonly vcpu: KvmVcpu;

  /** @param irqchip with the kernel's interrupt controllers @param flags of the memory slot */
  constructor({ irqchip = false, flags = 0 } = {}) {
    this.vm.setMemorySlot(0, { guestAddress: 0, hostOffset: RAM_OFFSET, bytes: RAM_BYTES, flags });
    if (irqchip) this.vm.call('KVM_CREATE_IRQCHIP', VM_IOCTL.createIrqchip, 0);
    this.vcpu = this.vm.createVcpu();
  }

  /** Real mode, interrupts off, at the code. `flat`: 32-bit protected mode with segments of 4 GiB. */
  load(code: readonly number[], mode: 'real' | 'flat' = 'real'): this {
    this.memory.write(CODE, Uint8Array.from(code));
    this.memory.bytes.set(code, RAM_OFFSET + CODE);
    const state = powerOnState();
    const data =
      mode === 'real'
        ? { selector: 0, base: 0n, limit: 0xffff, attributes: 0x93 }
        : { selector: 16, base: 0n, limit: 0xffff_ffff, attributes: 0xc093 };
    const cs = mode === 'real' ? { ...data, attributes: 0x9b } : { ...data, selector: 8, attributes: 0xc09b };
    writeVcpuState(
      this.vcpu,
      {
        ...state,
        rip: BigInt(CODE),
        general: { ...state.general, rsp: BigInt(STACK) },
        cr0: mode === 'real' ? state.cr0 : 0x11n,
        segments: { cs, ds: data, es: data, ss: data, fs: data, gs: data },
      },
      0xfee0_0900n,
    );
    return this;
  }

  write(address: number, bytes: readonly number[]): this {
    this.memory.bytes.set(bytes, RAM_OFFSET + address);
    return this;
  }

  /** Hands the vCPU an interrupt it can take now. */
  interrupt(vector: number): void {
    this.vcpu.memory.view.setUint32(this.vcpu.memory.argument, vector, true);
    this.vcpu.set(VCPU_IOCTL.interrupt);
  }

  /** Sets an input of the kernel's interrupt controllers. */
  setLine(input: number, level: 0 | 1): void {
    const { view, argument, address } = this.vm.memory;
    view.setUint32(argument, input, true);
    view.setUint32(argument + 4, level, true);
    this.vm.call('KVM_IRQ_LINE', VM_IOCTL.setIrqLine, address);
  }

  close(): void {
    this.vcpu.close();
    this.vm.close();
    this.system.close();
  }
}
