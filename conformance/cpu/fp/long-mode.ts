import { GuestMemory } from '../../../src/main/vmm/memory/guest-memory.js';
import { RAM_OFFSET } from '../../../src/main/vmm/memory/layout.js';
import type { VcpuBus, VcpuEngine } from '../../../src/main/vmm/cpu/engine.js';
import { createTestVcpu } from '../../../src/testing/interpreter.js';

const SLICE = 100_000;
const PAGE_TABLES = 0x1000;
const STACK = 0x8000;
export const CODE = 0x10_0000;
const PRESENT_WRITABLE = 3n;
const LARGE = 0x80n;
/** 64-bit code: type 11, S, P, L, G. Data: type 3, S, P, B, G. */
const CODE_ATTRIBUTES = 0xa09b;
const DATA_ATTRIBUTES = 0xc093;

/** Nothing is wired to this processor. */
const bus: VcpuBus = {
  portRead: () => 0xff,
  portWrite: () => undefined,
  mmioRead: () => 0xffff_ffff,
  mmioWrite: () => undefined,
  acknowledgeInterrupt: () => -1,
  readTaskPriority: () => 0,
  writeTaskPriority: () => undefined,
  readMsr: () => undefined,
  writeMsr: () => false,
  setFloatingPointError: () => false,
  nowNs: () => 0,
  deadlineNs: () => Infinity,
};

/** A processor in 64-bit ring 0 with flat, identity-mapped memory, SSE enabled, about to execute {@link CODE}. */
export class LongModeCpu {
  readonly memory: GuestMemory;
  readonly ram: Uint8Array;
  private readonly cpu: VcpuEngine;

  constructor(ramBytes = 16 << 20) {
    this.memory = new GuestMemory(ramBytes);
    this.memory.mapRam(0, RAM_OFFSET, ramBytes);
    this.ram = this.memory.bytes.subarray(RAM_OFFSET, RAM_OFFSET + ramBytes);
    this.cpu = createTestVcpu(this.memory, bus);
    this.mapIdentity();
  }

  private mapIdentity(): void {
    const view = new DataView(this.ram.buffer, this.ram.byteOffset, this.ram.length);
    view.setBigUint64(PAGE_TABLES, BigInt(PAGE_TABLES + 0x1000) | PRESENT_WRITABLE, true);
    view.setBigUint64(PAGE_TABLES + 0x1000, BigInt(PAGE_TABLES + 0x2000) | PRESENT_WRITABLE, true);
    for (let i = 0; i < 512; i++) {
      view.setBigUint64(PAGE_TABLES + 0x2000 + i * 8, (BigInt(i) << 21n) | LARGE | PRESENT_WRITABLE, true);
    }
  }

  /** Runs what has been put at {@link CODE} until it halts, in slices as a machine does. */
  run(maxInstructions: number): void {
    const state = this.cpu.saveState();
    const data = { selector: 0x10, base: 0n, limit: 0xffff_ffff, attributes: DATA_ATTRIBUTES };
    this.cpu.loadState({
      ...state,
      general: { ...state.general, rsp: BigInt(STACK) },
      rip: BigInt(CODE),
      rflags: 2n,
      segments: {
        cs: { ...data, selector: 8, attributes: CODE_ATTRIBUTES },
        ds: data,
        es: data,
        ss: data,
        fs: data,
        gs: data,
      },
      cr0: 0x8000_0033n,
      cr3: BigInt(PAGE_TABLES),
      cr4: 0x620n,
      msrs: { ...state.msrs, 0xc000_0080: 0x500n },
    });
    let exit = this.cpu.run(SLICE);
    for (let done = SLICE; exit.reason === 'budget' && done < maxInstructions; done += SLICE)
      exit = this.cpu.run(SLICE);
    if (exit.reason !== 'halt')
      throw new Error(
        `the program ended by ${JSON.stringify(exit, (_, v: unknown) => (typeof v === 'bigint' ? v.toString(16) : v))}`,
      );
  }
}
