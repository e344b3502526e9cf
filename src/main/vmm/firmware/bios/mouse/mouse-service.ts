import { EBDA, EBDA_SEGMENT } from '../data-area.js';
import type { ServiceCall, Wait } from '../service-call.js';
import type { AuxiliaryPort } from './auxiliary-port.js';

/** Codes in AH of INT 15h AH=C2h. */
const STATUS = { ok: 0x00, badFunction: 0x01, badInput: 0x02, interfaceError: 0x03, noHandler: 0x05 } as const;

const SAMPLE_RATES = [10, 20, 40, 60, 80, 100, 200] as const;
const MAX_PACKAGE = 8;
/** EBDA flags: a routine is installed; low bits of the other byte: package size less one. */
const HANDLER_INSTALLED = 0x80;

const MOUSE = {
  reset: 0xff, disable: 0xf5, enable: 0xf4, sampleRate: 0xf3, identify: 0xf2, status: 0xe9, resolution: 0xe8, scaling2: 0xe7, scaling1: 0xe6,
} as const; // prettier-ignore

/** PS/2 pointing device services, and the interrupt that gathers packets for the routine they install. */
export class MouseService {
  constructor(private readonly port: AuxiliaryPort) {}

  *handle(call: ServiceCall): Generator<Wait, void> {
    const status = yield* this.dispatch(call);
    call.ah = status;
    call.carry = status !== STATUS.ok;
  }

  /** IRQ 12: takes a byte; a complete packet is handed to the installed routine by the ROM's stub at `callRoutine`. */
  interrupt(call: ServiceCall, callRoutine: number): void {
    const { memory } = call;
    const byte = this.port.receive();
    if (byte === undefined) return;
    const size = (memory.read8(EBDA.mouseFlags2) & 7) + 1;
    const count = memory.read8(EBDA.mouseFlags) & 7;
    memory.write8(EBDA.mousePacket + count, byte);
    const complete = count + 1 >= size;
    memory.write8(EBDA.mouseFlags, (memory.read8(EBDA.mouseFlags) & ~7) | (complete ? 0 : count + 1));
    if (!complete || !(memory.read8(EBDA.mouseFlags2) & HANDLER_INSTALLED)) return;
    call.ax = memory.read8(EBDA.mousePacket);
    call.bx = memory.read8(EBDA.mousePacket + 1);
    call.cx = memory.read8(EBDA.mousePacket + 2);
    call.setSegment('ds', EBDA_SEGMENT);
    call.jump(callRoutine);
  }

  private *dispatch(call: ServiceCall): Generator<Wait, number> {
    switch (call.al) {
      case 0x00:
        return yield* this.enable(call);
      case 0x01:
        return yield* this.reset(call);
      case 0x02: {
        const rate = SAMPLE_RATES[call.bh];
        return rate === undefined ? STATUS.badInput : yield* this.send([MOUSE.sampleRate, rate]);
      }
      case 0x03:
        return call.bh > 3 ? STATUS.badInput : yield* this.send([MOUSE.resolution, call.bh]);
      case 0x04: {
        const id = yield* this.port.command([MOUSE.identify], 1);
        if (id) call.bh = id[0]!;
        return id ? STATUS.ok : STATUS.interfaceError;
      }
      case 0x05:
        if (call.bh < 1 || call.bh > MAX_PACKAGE) return STATUS.badInput;
        call.memory.write8(EBDA.mouseFlags, 0);
        call.memory.write8(EBDA.mouseFlags2, (call.memory.read8(EBDA.mouseFlags2) & HANDLER_INSTALLED) | (call.bh - 1));
        return yield* this.reset(call);
      case 0x06:
        return yield* this.extended(call);
      case 0x07:
        return this.install(call);
      default:
        return STATUS.badFunction;
    }
  }

  private *enable(call: ServiceCall): Generator<Wait, number> {
    if (call.bh > 1) return STATUS.badInput;
    if (call.bh === 1 && !(call.memory.read8(EBDA.mouseFlags2) & HANDLER_INSTALLED)) return STATUS.noHandler;
    const status = yield* this.send([call.bh === 1 ? MOUSE.enable : MOUSE.disable]);
    this.port.setInterrupts(call.bh === 1);
    return status;
  }

  private *reset(call: ServiceCall): Generator<Wait, number> {
    const answer = yield* this.port.command([MOUSE.reset], 2);
    if (!answer) return STATUS.interfaceError;
    call.bx = answer[0]! | (answer[1]! << 8);
    return STATUS.ok;
  }

  private *extended(call: ServiceCall): Generator<Wait, number> {
    if (call.bh === 1) return yield* this.send([MOUSE.scaling1]);
    if (call.bh === 2) return yield* this.send([MOUSE.scaling2]);
    if (call.bh !== 0) return STATUS.badInput;
    const answer = yield* this.port.command([MOUSE.status], 3);
    if (!answer) return STATUS.interfaceError;
    [call.bl, call.cl, call.dl] = answer as [number, number, number];
    return STATUS.ok;
  }

  /** C207h: ES:BX is the routine; a null pointer removes it. */
  private install(call: ServiceCall): number {
    const { memory } = call;
    memory.write16(EBDA.mouseRoutine, call.bx);
    memory.write16(EBDA.mouseRoutine + 2, call.es);
    const size = memory.read8(EBDA.mouseFlags2) & 7;
    const installed = (call.bx | call.es) === 0 ? 0 : HANDLER_INSTALLED;
    memory.write8(EBDA.mouseFlags2, size | installed);
    return STATUS.ok;
  }

  private *send(bytes: readonly number[]): Generator<Wait, number> {
    return (yield* this.port.command(bytes, 0)) ? STATUS.ok : STATUS.interfaceError;
  }
}
