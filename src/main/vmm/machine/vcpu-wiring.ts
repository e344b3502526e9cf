import type { AccessSize } from '../bus/access.js';
import type { MmioBus } from '../bus/mmio-bus.js';
import type { PortBus } from '../bus/port-bus.js';
import type { VcpuBus } from '../cpu/engine.js';
import { MSR_APIC_BASE, MSR_TSC_DEADLINE, type LocalApic } from '../devices/interrupt/local-apic.js';
import type { CoprocessorError } from '../devices/interrupt/coprocessor-error.js';
import type { TimerQueue } from '../time/timers.js';

const TWO_32 = 2 ** 32;

/** The vCPU's pins: what it reads, writes and asks for goes to the buses and its local APIC, counted. */
export class VcpuWiring implements VcpuBus {
  portAccesses = 0;
  mmioAccesses = 0;
  interrupts = 0;

  constructor(
    private readonly ports: PortBus,
    private readonly mmio: MmioBus,
    private readonly apic: LocalApic,
    private readonly timers: TimerQueue,
    private readonly coprocessor: CoprocessorError,
  ) {}

  portRead(port: number, size: AccessSize): number {
    this.portAccesses++;
    return this.ports.read(port, size);
  }

  portWrite(port: number, value: number, size: AccessSize): void {
    this.portAccesses++;
    this.ports.write(port, value, size);
  }

  mmioRead(address: number, size: AccessSize): number {
    this.mmioAccesses++;
    return this.mmio.read(address >>> 0, size);
  }

  mmioWrite(address: number, value: number, size: AccessSize): void {
    this.mmioAccesses++;
    this.mmio.write(address >>> 0, value, size);
  }

  acknowledgeInterrupt(): number {
    this.interrupts++;
    return this.apic.acknowledge();
  }

  readTaskPriority(): number {
    return this.apic.priorityClass;
  }

  writeTaskPriority(priority: number): void {
    this.apic.priorityClass = priority;
  }

  readMsr(index: number): { readonly low: number; readonly high: number } | undefined {
    switch (index) {
      case MSR_APIC_BASE:
        return { low: this.apic.baseMsr, high: 0 };
      case MSR_TSC_DEADLINE: {
        const tsc = this.apic.tscDeadline;
        return { low: (tsc % TWO_32) >>> 0, high: Math.floor(tsc / TWO_32) };
      }
      default:
        return undefined;
    }
  }

  writeMsr(index: number, low: number, high: number): boolean {
    switch (index) {
      case MSR_APIC_BASE:
        return this.apic.writeBaseMsr(low, high);
      case MSR_TSC_DEADLINE:
        this.apic.tscDeadline = (high >>> 0) * TWO_32 + (low >>> 0);
        return true;
      default:
        return false;
    }
  }

  setFloatingPointError(asserted: boolean): boolean {
    this.coprocessor.errorPin = asserted;
    return this.coprocessor.ignored;
  }

  nowNs(): number {
    return this.timers.clock.nowNs();
  }

  deadlineNs(): number {
    return this.timers.nextNs;
  }
}
