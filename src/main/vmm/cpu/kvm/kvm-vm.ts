import type { ArgumentMemory } from './argument-memory.js';
import { SIZE, SYSTEM_IOCTL, VCPU_IOCTL, VM_IOCTL } from './ioctls.js';
import { callError, KvmError } from './kvm-error.js';
import type { KvmSystem } from './kvm-system.js';
import { RunPage } from './run-page.js';
import { CPUID, MSR, REGION } from './structs.js';

/** Four pages below the firmware's that KVM needs on Intel processors without unrestricted guests (api.rst, 4.33). */
const TSS_PAGES = 0xfeff_c000;
const IDENTITY_MAP_PAGE = 0xfeff_b000;

/** A stretch of guest-physical memory backed by the machine's memory. Page-aligned. */
export interface MemorySlot {
  readonly guestAddress: number;
  readonly hostOffset: number;
  readonly bytes: number;
  /** REGION_LOG_DIRTY, REGION_READONLY */
  readonly flags: number;
}

/** One leaf of KVM's list. */
export interface CpuidEntry {
  readonly leaf: number;
  readonly index: number;
  readonly flags: number;
  readonly eax: number;
  readonly ebx: number;
  readonly ecx: number;
  readonly edx: number;
}

/** A VM of the kernel: memory slots and one vCPU. */
export class KvmVm {
  private readonly descriptor: number;

  /** @throws KvmError */
  constructor(
    private readonly system: KvmSystem,
    readonly memory: ArgumentMemory,
  ) {
    this.descriptor = system.createVm();
    this.call('KVM_SET_TSS_ADDR', VM_IOCTL.setTssAddress, TSS_PAGES);
    memory.view.setBigUint64(memory.argument, BigInt(IDENTITY_MAP_PAGE), true);
    this.call('KVM_SET_IDENTITY_MAP_ADDR', VM_IOCTL.setIdentityMapAddress, memory.address);
  }

  /** Makes `slot` this memory, or nothing. A slot must be emptied before it becomes another one. */
  setMemorySlot(slot: number, region: MemorySlot | undefined): void {
    const { view, argument, address, base } = this.memory;
    view.setUint32(argument + REGION.slot, slot, true);
    view.setUint32(argument + REGION.flags, region?.flags ?? 0, true);
    view.setBigUint64(argument + REGION.guestAddress, BigInt(region?.guestAddress ?? 0), true);
    view.setBigUint64(argument + REGION.bytes, BigInt(region?.bytes ?? 0), true);
    view.setBigUint64(argument + REGION.hostAddress, BigInt(region ? base + region.hostOffset : 0), true);
    this.call('KVM_SET_USER_MEMORY_REGION', VM_IOCTL.setUserMemoryRegion, address);
  }

  /** The bits of pages written since the last call, into {@link ArgumentMemory.dirtyBits}. The slot must log. */
  readDirtyLog(slot: number): void {
    const { view, argument, address, base, dirtyBits } = this.memory;
    view.setUint32(argument, slot, true);
    view.setUint32(argument + 4, 0, true);
    view.setBigUint64(argument + 8, BigInt(base + dirtyBits), true);
    this.call('KVM_GET_DIRTY_LOG', VM_IOCTL.getDirtyLog, address);
  }

  /** What processor and kernel support together. */
  supportedCpuid(): CpuidEntry[] {
    const { view, argument, address } = this.memory;
    this.memory.clear(SIZE.cpuidHeader);
    view.setUint32(argument, 256, true);
    this.system.call('KVM_GET_SUPPORTED_CPUID', SYSTEM_IOCTL.getSupportedCpuid, address);
    return Array.from({ length: view.getUint32(argument, true) }, (_, i) => {
      const at = argument + SIZE.cpuidHeader + i * SIZE.cpuidEntry;
      const field = (offset: number): number => view.getUint32(at + offset, true);
      return {
        leaf: field(CPUID.function),
        index: field(CPUID.index),
        flags: field(CPUID.flags),
        eax: field(CPUID.eax),
        ebx: field(CPUID.ebx),
        ecx: field(CPUID.ecx),
        edx: field(CPUID.edx),
      };
    });
  }

  createVcpu(): KvmVcpu {
    return new KvmVcpu(this.system, this.memory, this.call('KVM_CREATE_VCPU', VM_IOCTL.createVcpu, 0));
  }

  /** A call on the VM's descriptor. @throws KvmError */
  call(name: string, request: number, argument: number): number {
    const result = this.system.kernel.ioctl(this.descriptor, request, argument);
    if (result < 0) throw callError(name, -result);
    return result;
  }

  close(): void {
    this.system.kernel.close(this.descriptor);
  }
}

/**
 * A vCPU of the kernel. Structures are read and written in the argument buffer: `get(…)` fills it, `set(…)` hands it
 * over, and what stands there is gone with the next call.
 */
export class KvmVcpu {
  readonly run: RunPage;

  constructor(
    private readonly system: KvmSystem,
    readonly memory: ArgumentMemory,
    private readonly descriptor: number,
  ) {
    const bytes = system.runBytes;
    if (bytes > memory.runBytes) throw new KvmError('kvm-capability', `a vCPU's shared pages take ${bytes} bytes`);
    const mapped = system.kernel.mapFixed(descriptor, memory.runAddress, bytes);
    if (mapped < 0) throw callError('mmap of kvm_run', -mapped);
    this.run = new RunPage(memory.view, memory.runPage);
  }

  /** KVM_RUN. @returns 0, or a negative errno: -EINTR after a kick is no failure */
  enter(): number {
    return this.system.kernel.ioctl(this.descriptor, VCPU_IOCTL.run, 0);
  }

  /** Fills the argument buffer. @returns its offset in the memory's view */
  get(request: number): number {
    this.call(request, this.memory.address);
    return this.memory.argument;
  }

  /** Hands the argument buffer to the kernel. */
  set(request: number): void {
    this.call(request, this.memory.address);
  }

  setCpuid(entries: readonly CpuidEntry[]): void {
    const { view, argument } = this.memory;
    this.memory.clear(SIZE.cpuidHeader + entries.length * SIZE.cpuidEntry);
    view.setUint32(argument, entries.length, true);
    entries.forEach((entry, i) => {
      const at = argument + SIZE.cpuidHeader + i * SIZE.cpuidEntry;
      view.setUint32(at + CPUID.function, entry.leaf, true);
      view.setUint32(at + CPUID.index, entry.index, true);
      view.setUint32(at + CPUID.flags, entry.flags, true);
      view.setUint32(at + CPUID.eax, entry.eax, true);
      view.setUint32(at + CPUID.ebx, entry.ebx, true);
      view.setUint32(at + CPUID.ecx, entry.ecx, true);
      view.setUint32(at + CPUID.edx, entry.edx, true);
    });
    this.set(VCPU_IOCTL.setCpuid);
  }

  /** Reads one MSR; `undefined` if the kernel does not have it. */
  readMsr(index: number): bigint | undefined {
    this.fillMsr(index, 0n);
    const done = this.call(VCPU_IOCTL.getMsrs, this.memory.address);
    return done === 1
      ? this.memory.view.getBigUint64(this.memory.argument + SIZE.msrsHeader + MSR.data, true)
      : undefined;
  }

  /** Writes one MSR. @returns whether the kernel took the value */
  writeMsr(index: number, value: bigint): boolean {
    this.fillMsr(index, value);
    return this.call(VCPU_IOCTL.setMsrs, this.memory.address) === 1;
  }

  /** What the guest's time-stamp counter is ahead of the host's; `undefined` on kernels that do not tell (before 5.16). */
  get tscOffset(): bigint | undefined {
    if (!this.tscAttribute(VCPU_IOCTL.getDeviceAttr, 0n)) return undefined;
    return this.memory.view.getBigInt64(this.memory.argument + SIZE.deviceAttr, true);
  }

  /** @returns whether the kernel took it */
  setTscOffset(offset: bigint): boolean {
    return this.tscAttribute(VCPU_IOCTL.setDeviceAttr, offset);
  }

  /** Attribute KVM_VCPU_TSC_OFFSET of group KVM_VCPU_TSC_CTRL: both are 0 (Documentation/virt/kvm/devices/vcpu.rst). */
  private tscAttribute(request: number, value: bigint): boolean {
    const { view, argument, address } = this.memory;
    this.memory.clear(SIZE.deviceAttr);
    view.setBigUint64(argument + 16, BigInt(address + SIZE.deviceAttr), true);
    view.setBigInt64(argument + SIZE.deviceAttr, BigInt.asIntN(64, value), true);
    return this.system.kernel.ioctl(this.descriptor, request, address) >= 0;
  }

  /** A call on the vCPU's descriptor. @throws KvmError */
  call(request: number, argument: number): number {
    const result = this.system.kernel.ioctl(this.descriptor, request, argument);
    if (result < 0) throw callError(`vCPU call ${nameOf(request)}`, -result);
    return result;
  }

  close(): void {
    this.system.kernel.close(this.descriptor);
  }

  private fillMsr(index: number, value: bigint): void {
    const { view, argument } = this.memory;
    this.memory.clear(SIZE.msrsHeader + SIZE.msrEntry);
    view.setUint32(argument, 1, true);
    view.setUint32(argument + SIZE.msrsHeader + MSR.index, index, true);
    view.setBigUint64(argument + SIZE.msrsHeader + MSR.data, value, true);
  }
}

function nameOf(request: number): string {
  return Object.entries(VCPU_IOCTL).find(([, value]) => value === request)?.[0] ?? request.toString(16);
}
