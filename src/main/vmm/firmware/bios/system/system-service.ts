import type { PortBus } from '../../../bus/port-bus.js';
import type { Timer, TimerQueue } from '../../../time/timers.js';
import { extendedKiB, memoryMap, type MemoryRegion } from '../../tables/memory-map.js';
import { BDA, EBDA_SEGMENT } from '../data-area.js';
import type { MouseService } from '../mouse/mouse-service.js';
import type { ServiceCall, Wait } from '../service-call.js';
import { CMOS, RTC_B, type Cmos } from './cmos.js';

const NOT_SUPPORTED = 0x86;
const BUSY = 0x83;
const SYSTEM_CONTROL_A = 0x92;
const SMAP = 0x534d_4150;
const ENTRY_BYTES = 20;

export interface SystemContext {
  readonly ports: PortBus;
  readonly cmos: Cmos;
  readonly timers: TimerQueue;
  readonly mouse: MouseService;
  readonly ramBytes: number;
  /** Far address of the configuration table (AH=C0h). */
  readonly configuration: { readonly segment: number; readonly offset: number };
}

/** INT 15h. */
export class SystemService {
  private readonly regions: readonly MemoryRegion[];
  private readonly alarm: Timer;

  constructor(private readonly context: SystemContext) {
    this.regions = memoryMap(context.ramBytes);
    this.alarm = context.timers.create(() => {});
  }

  handle(call: ServiceCall): void | Generator<Wait, void> {
    switch (call.ah) {
      case 0x24:
        return this.a20(call);
      case 0x4f: // keyboard intercept: nobody took the key
        call.carry = true;
        return;
      case 0x80:
      case 0x81:
      case 0x82:
      case 0x85:
      case 0x90:
      case 0x91:
        return succeed(call);
      case 0x83:
        return this.eventWait(call);
      case 0x86:
        return this.wait(call);
      case 0x87:
        return moveBlock(call);
      case 0x88:
        call.ax = Math.min(extendedKiB(this.context.ramBytes), 0xfc00);
        call.carry = false;
        return;
      case 0xc0:
        call.setSegment('es', this.context.configuration.segment);
        call.bx = this.context.configuration.offset;
        return succeed(call);
      case 0xc1:
        call.setSegment('es', EBDA_SEGMENT);
        call.carry = false;
        return;
      case 0xc2:
        return this.context.mouse.handle(call);
      case 0xe8:
        return this.memorySize(call);
      default:
        return refuse(call);
    }
  }

  /** AH=24h: A20 through System Control Port A. */
  private a20(call: ServiceCall): void {
    const { ports } = this.context;
    const control = ports.read(SYSTEM_CONTROL_A, 1);
    switch (call.al) {
      case 0x00:
      case 0x01:
        ports.write(SYSTEM_CONTROL_A, (control & ~0x03) | (call.al << 1), 1);
        return succeed(call);
      case 0x02:
        succeed(call);
        call.al = (control >> 1) & 1;
        return;
      case 0x03:
        succeed(call);
        call.bx = 0x0003; // keyboard controller and port 92h
        return;
      default:
        return refuse(call);
    }
  }

  private *wait(call: ServiceCall): Generator<Wait, void> {
    const { timers } = this.context;
    const until = timers.clock.nowNs() + ((call.cx << 16) | call.dx) * 1000;
    while (timers.clock.nowNs() < until) {
      this.alarm.arm(until);
      yield 'event';
    }
    call.carry = false;
  }

  /** AH=83h: the RTC's periodic interrupt counts CX:DX µs down, then sets bit 7 at ES:BX; AL=1 cancels. */
  private eventWait(call: ServiceCall): void {
    const { cmos } = this.context;
    const { memory } = call;
    if (call.al === 1) {
      memory.write8(BDA.waitActive, 0);
      cmos.change(CMOS.statusB, RTC_B.periodic, 0);
      return succeed(call);
    }
    if (memory.read8(BDA.waitActive) & 1) {
      call.ah = BUSY;
      call.carry = true;
      return;
    }
    memory.write32(BDA.waitFlagPointer, ((call.es << 16) | call.bx) >>> 0);
    memory.write32(BDA.waitCount, ((call.cx << 16) | call.dx) >>> 0);
    memory.write8(BDA.waitActive, 1);
    this.context.ports.write(0xa1, this.context.ports.read(0xa1, 1) & ~0x01, 1);
    cmos.change(CMOS.statusB, 0, RTC_B.periodic);
    succeed(call);
  }

  private memorySize(call: ServiceCall): void {
    switch (call.al) {
      case 0x01:
        return this.e801(call);
      case 0x20:
        return this.e820(call);
      default:
        return refuse(call);
    }
  }

  /** KiB from 1 to 16 MiB, and 64 KiB blocks above. */
  private e801(call: ServiceCall): void {
    const total = extendedKiB(this.context.ramBytes);
    const below16 = Math.min(total, 15 * 1024);
    call.ax = below16;
    call.cx = below16;
    call.bx = Math.floor(Math.max(0, total - 15 * 1024) / 64);
    call.dx = call.bx;
    call.carry = false;
  }

  /** One region a call; EBX continues where the last one ended (ACPI 6.5, 15.1). */
  private e820(call: ServiceCall): void {
    const index = call.ebx;
    const region = this.regions[index];
    if (call.edx !== SMAP || !region || call.ecx < ENTRY_BYTES) return refuse(call);
    const at = call.address('es', call.di);
    const { memory } = call;
    const length = region.end - region.start;
    memory.write32(at, region.start);
    memory.write32(at + 4, 0);
    memory.write32(at + 8, length >>> 0);
    memory.write32(at + 12, Math.floor(length / 0x1_0000_0000));
    memory.write32(at + 16, region.type);
    call.eax = SMAP;
    call.ecx = ENTRY_BYTES;
    call.ebx = index + 1 < this.regions.length ? index + 1 : 0;
    call.carry = false;
  }
}

function succeed(call: ServiceCall): void {
  call.ah = 0;
  call.carry = false;
}

function refuse(call: ServiceCall): void {
  call.ah = NOT_SUPPORTED;
  call.carry = true;
}

/** AH=87h: CX words between the source and target segments of the descriptor table at ES:SI. */
function moveBlock(call: ServiceCall): void {
  const { memory } = call;
  const table = call.address('es', call.si);
  const baseOf = (descriptor: number): number => {
    const at = table + descriptor;
    return (memory.read16(at + 2) | (memory.read8(at + 4) << 16) | (memory.read8(at + 7) << 24)) >>> 0;
  };
  memory.copyPhysical(baseOf(0x10), baseOf(0x18), Math.min(call.cx, 0x8000) * 2);
  succeed(call);
}
