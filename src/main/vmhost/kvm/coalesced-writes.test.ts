import { afterEach, describe, expect, it } from 'vitest';
import { CoalescedWrites } from '../../vmm/cpu/kvm/coalesced-writes.js';
import { EXIT } from '../../vmm/cpu/kvm/run-page.js';
import { kvmMissing } from '../../../testing/kvm.js';
import { KvmLab } from '../../../testing/kvm-lab.js';

const missing = kvmMissing();
let lab: KvmLab;
afterEach(() => lab.close());

describe.skipIf(missing)(`coalesced writes${missing ? ` (skipped: ${missing})` : ''}`, () => {
  it('come in the guest’s order, ahead of the exit after them', () => {
    lab = new KvmLab();
    const writes = new CoalescedWrites(lab.system, lab.vm, lab.vcpu);
    writes.add({ space: 'port', address: 0xe9, bytes: 1 });
    writes.add({ space: 'memory', address: 0xa_0000, bytes: 0x2_0000 });
    // mov al, 1; out 0e9h, al; mov [0a0010h], ax; mov al, 2; out 0e9h, al; mov [0bfffch], eax; out 80h, al
    lab.load(
      [
        0xb0, 1, 0xe6, 0xe9, 0x66, 0xa3, 0x10, 0, 0x0a, 0, 0xb0, 2, 0xe6, 0xe9, 0xa3, 0xfc, 0xff, 0x0b, 0, 0xe6, 0x80,
        0xf4,
      ],
      'flat',
    );
    const seen: string[] = [];
    const bus = {
      portWrite: (port: number, value: number, size: number) => void seen.push(`${port.toString(16)}=${value}/${size}`),
      mmioWrite: (at: number, value: number, size: number) => void seen.push(`${at.toString(16)}=${value}/${size}`),
    };
    expect(lab.vcpu.enter()).toBe(0);
    expect([lab.vcpu.run.exitReason, lab.vcpu.run.ioPort]).toEqual([EXIT.io, 0x80]);
    expect(writes.drain(bus)).toBe(4);
    expect(seen).toEqual(['e9=1/1', 'a0010=1/2', 'e9=2/1', 'bfffc=2/4']);
    expect(writes.drain(bus)).toBe(0);
  });

  it('exit when there is no more room', () => {
    lab = new KvmLab();
    const writes = new CoalescedWrites(lab.system, lab.vm, lab.vcpu);
    writes.add({ space: 'port', address: 0xe9, bytes: 1 });
    lab.load([0xe6, 0xe9, 0x40, 0xeb, 0xfb]); // out 0e9h, al; inc ax; jmp
    const values: number[] = [];
    const bus = { portWrite: (_port: number, value: number) => void values.push(value), mmioWrite: () => undefined };
    for (let exits = 0; exits < 3; exits++) {
      expect(lab.vcpu.enter()).toBe(0);
      expect(lab.vcpu.run.ioPort).toBe(0xe9);
      writes.drain(bus);
      values.push(lab.memory.view.getUint8(lab.vcpu.run.ioData));
    }
    expect(values.length).toBeGreaterThan(300);
    expect(values).toEqual(values.map((_, i) => i & 0xff));
  });
});
