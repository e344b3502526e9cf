import { NS_PER_SECOND, TSC_HZ } from '../../time/frequencies.js';
import type { VcpuBus } from '../engine.js';
import { VCPU_IOCTL } from './ioctls.js';
import type { KvmVcpu } from './kvm-vm.js';
import { MSR_TSC_DEADLINE } from './msr-exits.js';

const MSR_TSC = 0x10;
/** How far the guest's counter may run away from virtual time, and how often it is looked at, in slices. */
const TOLERANCE_NS = 5e6;
const LOOK_EVERY = 64;

interface Words {
  readonly low: number;
  readonly high: number;
}

/**
 * The guest's time-stamp counter, which the processor counts while virtual time is the machine's. The processor can be
 * told another frequency only where it has TSC scaling; elsewhere the guest is told the host's.
 */
export class TscKeeper {
  /** Ticks a second. */
  readonly hz: number;
  private guestOffset = 0n;
  private slices = 0;

  constructor(
    private readonly vcpu: KvmVcpu,
    wantedHz: number,
  ) {
    this.hz = setFrequency(vcpu, wantedHz);
  }

  /** What the guest has set its counter ahead of virtual time. */
  offset(nowNs: number): bigint {
    const counter = this.vcpu.readMsr(MSR_TSC);
    if (counter === undefined) return this.guestOffset;
    const offset = BigInt.asIntN(64, counter - this.ticks(nowNs));
    // What differs by less than this is the time between two looks, not a write of the guest's.
    const drift = Number(offset - BigInt.asIntN(64, this.guestOffset)) / this.hz;
    return Math.abs(drift * NS_PER_SECOND) < TOLERANCE_NS ? this.guestOffset : BigInt.asUintN(64, offset);
  }

  restore(nowNs: number, offset: bigint): void {
    this.guestOffset = BigInt.asUintN(64, offset);
    const wanted = BigInt.asUintN(64, this.ticks(nowNs) + this.guestOffset);
    const present = this.vcpu.readMsr(MSR_TSC);
    const ahead = this.vcpu.tscOffset;
    // A write of the register is taken for an attempt to synchronise, and bent, if it is less than a second off.
    const exact = present !== undefined && ahead !== undefined && this.vcpu.setTscOffset(ahead + wanted - present);
    if (!exact) this.vcpu.writeMsr(MSR_TSC, wanted);
  }

  /** After a pause the counter has run on while virtual time stood still. */
  follow(nowNs: number): void {
    if (++this.slices % LOOK_EVERY !== 0) return;
    const counter = this.vcpu.readMsr(MSR_TSC);
    if (counter === undefined) return;
    const ahead = Number(BigInt.asIntN(64, counter - this.ticks(nowNs) - this.guestOffset)) / this.hz;
    if (Math.abs(ahead * NS_PER_SECOND) > TOLERANCE_NS) this.restore(nowNs, this.guestOffset);
  }

  /** The machine's registers; the deadline is in ticks of the guest's counter, the machine's of its own. */
  readMsr(bus: VcpuBus, index: number): Words | undefined {
    const value = bus.readMsr(index);
    if (!value || index !== MSR_TSC_DEADLINE) return value;
    const ticks = value.high * 2 ** 32 + value.low;
    if (ticks === 0) return value;
    return words(BigInt.asUintN(64, this.ticks((ticks * NS_PER_SECOND) / TSC_HZ) + this.guestOffset));
  }

  writeMsr(bus: VcpuBus, index: number, low: number, high: number): boolean {
    if (index !== MSR_TSC_DEADLINE || (low === 0 && high === 0)) return bus.writeMsr(index, low, high);
    const ticks = Number(BigInt.asIntN(64, ((BigInt(high) << 32n) | BigInt(low)) - this.guestOffset));
    const machine = words(BigInt(Math.max(1, Math.round((ticks / this.hz) * TSC_HZ))));
    return bus.writeMsr(index, machine.low, machine.high);
  }

  private ticks(ns: number): bigint {
    return BigInt(Math.floor((ns * this.hz) / NS_PER_SECOND));
  }
}

/** @returns the frequency there is now */
function setFrequency(vcpu: KvmVcpu, hz: number): number {
  const native = vcpu.call(VCPU_IOCTL.getTscKhz, 0) * 1000;
  try {
    vcpu.call(VCPU_IOCTL.setTscKhz, hz / 1000);
    return hz;
  } catch {
    vcpu.call(VCPU_IOCTL.setTscKhz, native / 1000);
    return native;
  }
}

function words(value: bigint): Words {
  return { low: Number(value & 0xffff_ffffn), high: Number(value >> 32n) };
}
