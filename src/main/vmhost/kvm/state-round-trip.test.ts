import { describe, expect, it } from 'vitest';
import { GuestMemory } from '../../vmm/memory/guest-memory.js';
import { powerOnState } from '../../vmm/cpu/reset-state.js';
import type { CpuState } from '../../vmm/cpu/registers.js';
import { featuresMissed } from '../../vmm/cpu/cpu-features.js';
import { InterpreterEngine } from '../../vmm/cpu/interpreter.js';
import { createLackingVcpu, createTestVcpu } from '../../../testing/interpreter.js';
import { createKvmVcpu, kvmLacks, kvmMissing, SILENT_BUS } from '../../../testing/kvm.js';

const missing = kvmMissing();

/** A 64-bit processor with something of its own in every register. */
function busyState(): CpuState {
  const state = powerOnState();
  const xsave = state.xsave.slice();
  for (let i = 0; i < 8 * 16; i++) if (i % 16 < 10) xsave[32 + i] = i * 7 + 1; // ST0–ST7
  for (let i = 0; i < 16 * 16; i++) xsave[160 + i] = i * 5 + 3; // XMM0–XMM15
  xsave.set([0x7f, 0x02, 0x00, 0x38, 0x55], 0); // control and status word, tags
  new DataView(xsave.buffer).setUint32(24, 0x3f80, true);
  const names = Object.keys(state.general) as (keyof CpuState['general'])[];
  const flat = (selector: number, attributes: number) => ({ selector, base: 0n, limit: 0xffff_ffff, attributes });
  return {
    ...state,
    general: Object.fromEntries(names.map((name, i) => [name, 0x0123_4567_89ab_cdefn + BigInt(i)])) as CpuState['general'],
    rip: 0x1234n,
    rflags: 0x246n,
    cr0: 0x8000_0031n,
    cr3: 0x5000n,
    cr4: 0x620n,
    cr2: 0xdead_0000n,
    xcr0: 3n,
    debug: [0x1000n, 0x2000n, 0x3000n, 0x4000n, 0xffff_0ff1n, 0x401n],
    segments: {
      cs: flat(8, 0xa09b), ss: flat(16, 0xc093), ds: flat(16, 0xc093), es: flat(16, 0xc093),
      fs: { ...flat(24, 0xc0f3), base: 0x7fff_0000_1000n }, gs: { ...flat(24, 0xc0f3), base: 0xffff_8000_0000_0000n },
    },
    tr: { selector: 0x28, base: 0xffff_8000_0001_0000n, limit: 0x67, attributes: 0x8b },
    gdtr: { base: 0xffff_8000_0002_0000n, limit: 0x7f },
    idtr: { base: 0xffff_8000_0003_0000n, limit: 0xfff },
    msrs: {
      ...state.msrs,
      0xc000_0080: 0xd01n, 0xc000_0081: 0x0023_0010_0000_0000n, 0xc000_0082: 0xffff_8000_0000_1000n,
      0xc000_0084: 0x4_7700n, 0xc000_0102: 0x7fff_0000_2000n, 0x174: 0x10n, 0x175: 0xffff_8000_0000_3000n,
    },
    interruptShadow: 0,
    nmiMasked: true,
  }; // prettier-ignore
}

/** The time-stamp counter is a clock: it does not stand still, and not every host lets a guest have its own. */
function withoutClock(state: CpuState): CpuState {
  return { ...state, msrs: { ...state.msrs, 0x10: 0n } };
}

describe.skipIf(missing)(`a processor's state${missing ? ` (skipped: ${missing})` : ''}`, () => {
  it('comes out of KVM and back into the interpreter as it went in', () => {
    const software = createLackingVcpu(InterpreterEngine, kvmLacks())(new GuestMemory(1 << 20, 1 << 20), SILENT_BUS);
    software.loadState(busyState());
    const before = software.saveState();
    const hardware = createKvmVcpu(new GuestMemory(1 << 20, 1 << 20), SILENT_BUS);
    hardware.loadState(before);
    const between = hardware.saveState();
    hardware.close();
    software.loadState(between);
    expect(withoutClock(software.saveState())).toEqual(withoutClock(before));
  });

  it('is refused by KVM if the guest was told of what this host lacks, by name', ({ skip }) => {
    const lacks = featuresMissed(kvmLacks(), []);
    skip(lacks.length === 0, 'this host lacks nothing');
    const software = createTestVcpu(new GuestMemory(1 << 20, 1 << 20), SILENT_BUS);
    const hardware = createKvmVcpu(new GuestMemory(1 << 20, 1 << 20), SILENT_BUS);
    const refused = expect.objectContaining({ code: 'kvm-features', message: expect.stringContaining(lacks[0]!) });
    expect(() => hardware.loadState(software.saveState())).toThrow(refused);
    hardware.close();
  });
});
