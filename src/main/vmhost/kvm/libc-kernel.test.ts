import { describe, expect, it } from 'vitest';
import { ArgumentMemory } from '../../vmm/cpu/kvm/argument-memory.js';
import { VCPU_IOCTL } from '../../vmm/cpu/kvm/ioctls.js';
import { KvmSystem } from '../../vmm/cpu/kvm/kvm-system.js';
import { ERRNO, type KvmKernel } from '../../vmm/cpu/kvm/kernel-port.js';
import { KvmVm, type KvmVcpu } from '../../vmm/cpu/kvm/kvm-vm.js';
import { EXIT, SYNC_REGS, SYNC_SREGS, SYNCED_REGS, SYNCED_SREGS } from '../../vmm/cpu/kvm/run-page.js';
import { REGS_OFFSET, REGS_RIP, SREGS_SEGMENT, writeSegment } from '../../vmm/cpu/kvm/structs.js';
import { GuestMemory } from '../../vmm/memory/guest-memory.js';
import { RAM_OFFSET } from '../../vmm/memory/layout.js';
import { libcKernel } from './libc-kernel.js';
import { alarmRinger } from './thread-alarm.js';

/** Why this cannot run here, or undefined. */
function unusable(): string | undefined {
  try {
    new KvmSystem(libcKernel()).close();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

const reason = unusable();

/** A real-mode vCPU about to run `code`. */
function vcpuFor(kernel: KvmKernel, code: readonly number[]): { vcpu: KvmVcpu; close: () => void } {
  const memory = new GuestMemory(1 << 20, 1 << 20);
  const system = new KvmSystem(kernel);
  const vm = new KvmVm(system, new ArgumentMemory(memory, kernel.addressOf(memory.wasm.buffer)));
  vm.setMemorySlot(0, { guestAddress: 0, hostOffset: RAM_OFFSET, bytes: 1 << 20, flags: 0 });
  memory.bytes.set(code, RAM_OFFSET + 0x1000);
  const vcpu = vm.createVcpu();
  vcpu.run.validRegs = SYNC_REGS | SYNC_SREGS;
  const { view, argument } = vcpu.memory;
  vcpu.get(VCPU_IOCTL.getSregs);
  writeSegment(view, argument + SREGS_SEGMENT.cs, { selector: 0, base: 0n, limit: 0xffff, attributes: 0x9b });
  vcpu.set(VCPU_IOCTL.setSregs);
  vcpu.get(VCPU_IOCTL.getRegs);
  view.setBigUint64(argument + REGS_RIP, 0x1000n, true);
  vcpu.set(VCPU_IOCTL.setRegs);
  const close = (): void => {
    vcpu.close();
    vm.close();
    system.close();
  };
  return { vcpu, close };
}

describe.skipIf(reason !== undefined)(`a vCPU of the kernel${reason ? ` (skipped: ${reason})` : ''}`, () => {
  it('runs real-mode code from the shared memory and reports a port write', () => {
    const { vcpu, close } = vcpuFor(libcKernel(), [0xb0, 0x5a, 0xe6, 0x42, 0xf4]); // mov al, 5ah; out 42h, al; hlt
    const { view } = vcpu.memory;
    expect(vcpu.enter()).toBe(0);
    expect(vcpu.run.exitReason).toBe(EXIT.io);
    expect([vcpu.run.ioIsOutput, vcpu.run.ioPort, vcpu.run.ioSize, vcpu.run.ioCount]).toEqual([true, 0x42, 1, 1]);
    expect(view.getUint8(vcpu.run.ioData)).toBe(0x5a);

    expect(vcpu.enter()).toBe(0);
    expect(vcpu.run.exitReason).toBe(EXIT.halt);
    const page = vcpu.run.offset;
    expect(view.getBigUint64(page + SYNCED_REGS + REGS_RIP, true)).toBe(0x1005n);
    expect(view.getUint8(page + SYNCED_REGS + REGS_OFFSET.rax)).toBe(0x5a);
    expect(view.getBigUint64(page + SYNCED_SREGS + SREGS_SEGMENT.cs, true)).toBe(0n);
    close();
  });

  it('leaves an endless loop when its thread’s alarm is rung, armed or not', () => {
    const thread = new Int32Array(new SharedArrayBuffer(4));
    const kernel = libcKernel(thread);
    const { vcpu, close } = vcpuFor(kernel, [0xeb, 0xfe]); // jmp $
    const alarm = kernel.createAlarm();
    vcpu.memory.view.setUint32(vcpu.memory.argument, 8, true);
    vcpu.memory.bytes.set(alarm.maskInside, vcpu.memory.argument + 4);
    vcpu.set(VCPU_IOCTL.setSignalMask);
    expect(thread[0]).toBeGreaterThan(0);
    alarmRinger()(thread[0]!);
    expect(vcpu.enter()).toBe(-ERRNO.EINTR);
    alarm.acknowledge();
    alarm.arm(1e6);
    expect(vcpu.enter()).toBe(-ERRNO.EINTR);
    alarm.acknowledge();
    alarm.close();
    expect(thread[0]).toBe(0);
    close();
  });
});
