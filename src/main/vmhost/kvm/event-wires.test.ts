import { afterEach, describe, expect, it } from 'vitest';
import { interruptOnEvent, ringEvent } from '../../vmm/cpu/kvm/event-wires.js';
import { EXIT } from '../../vmm/cpu/kvm/run-page.js';
import { kvmMissing } from '../../../testing/kvm.js';
import { KvmLab } from '../../../testing/kvm-lab.js';

const missing = kvmMissing();
let lab: KvmLab;
afterEach(() => lab.close());

describe.skipIf(missing)(`events between guest and threads${missing ? ` (skipped: ${missing})` : ''}`, () => {
  it('are signalled by writes of the guest’s that do not exit', () => {
    lab = new KvmLab();
    const port = lab.kernel.createEvent();
    const memory = lab.kernel.createEvent();
    ringEvent(lab.vm, { space: 'port', address: 0xc050, size: 2 }, port);
    ringEvent(lab.vm, { space: 'memory', address: 0xfeb0_3000, size: 4 }, memory);
    // mov edx, 0c050h; out dx, ax; out dx, ax; mov [0feb03000h], eax; out dx, al; hlt
    lab.load([0xba, 0x50, 0xc0, 0, 0, 0x66, 0xef, 0x66, 0xef, 0xa3, 0x00, 0x30, 0xb0, 0xfe, 0xee, 0xf4], 'flat');
    expect(lab.vcpu.enter()).toBe(0);
    // Only the write of another size has come out.
    expect([lab.vcpu.run.exitReason, lab.vcpu.run.ioPort, lab.vcpu.run.ioSize]).toEqual([EXIT.io, 0xc050, 1]);
    expect([lab.kernel.takeEvent(port), lab.kernel.takeEvent(memory)]).toEqual([2, 1]);
    expect([lab.kernel.takeEvent(port), lab.kernel.takeEvent(memory)]).toEqual([0, 0]);
    [port, memory].forEach((event) => lab.kernel.close(event));
  });

  it('interrupt a guest through the kernel’s controllers', () => {
    lab = new KvmLab({ irqchip: true });
    const event = lab.kernel.createEvent();
    interruptOnEvent(lab.vm, event, 5);
    // ICW1–ICW4 to the master: vectors from 20h; everything unmasked; sti; out 80h, al; jmp $
    lab.load([
      0xb0, 0x11, 0xe6, 0x20, 0xb0, 0x20, 0xe6, 0x21, 0xb0, 0x04, 0xe6, 0x21, 0xb0, 0x01, 0xe6, 0x21, 0xb0, 0x00, 0xe6,
      0x21, 0xfb, 0xe6, 0x80, 0xeb, 0xfe,
    ]);
    // The handler: out 81h, al; jmp $
    lab.write(0x25 * 4, [0x00, 0x20, 0, 0]).write(0x2000, [0xe6, 0x81, 0xeb, 0xfe]);
    expect(lab.vcpu.enter()).toBe(0);
    expect([lab.vcpu.run.exitReason, lab.vcpu.run.ioPort]).toEqual([EXIT.io, 0x80]);
    lab.kernel.signalEvent(event);
    expect(lab.vcpu.enter()).toBe(0);
    expect([lab.vcpu.run.exitReason, lab.vcpu.run.ioPort]).toEqual([EXIT.io, 0x81]);
    lab.kernel.close(event);
  });
});
