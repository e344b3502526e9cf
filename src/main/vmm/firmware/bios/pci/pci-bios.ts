import type { AccessSize } from '../../../bus/access.js';
import type { BoardMap } from '../../board-map.js';
import { routingEntries } from '../../tables/pci-irq-routing.js';
import type { ServiceCall } from '../service-call.js';
import type { PciConfigSpace } from './config-space.js';

/** Return codes in AH (PCI BIOS Specification 2.1, section 4). */
const SUCCESS = 0x00;
const NOT_SUPPORTED = 0x81;
const DEVICE_NOT_FOUND = 0x86;
const BAD_REGISTER = 0x87;
const BUFFER_TOO_SMALL = 0x89;

const SIGNATURE = 0x2049_4350; // "PCI "
const VERSION = 0x0210;
/** Configuration mechanism #1, no special cycles. */
const HARDWARE = 0x01;

const SIZES: readonly AccessSize[] = [1, 2, 4];

/** INT 1Ah AH=B1h and its 32-bit entry: the same registers. */
export class PciBios {
  constructor(
    private readonly config: PciConfigSpace,
    private readonly map: BoardMap,
  ) {}

  handle(call: ServiceCall): void {
    const status = this.dispatch(call);
    call.ah = status;
    call.carry = status !== SUCCESS;
  }

  private dispatch(call: ServiceCall): number {
    const number = call.al;
    if (number === 0x01) return this.installationCheck(call);
    if (number === 0x02) return this.findDevice(call);
    if (number === 0x03) return this.findClass(call);
    if (number >= 0x08 && number <= 0x0a) return this.readConfig(call, SIZES[number - 0x08]!);
    if (number >= 0x0b && number <= 0x0d) return this.writeConfig(call, SIZES[number - 0x0b]!);
    if (number === 0x0e) return this.routingOptions(call);
    return NOT_SUPPORTED;
  }

  private installationCheck(call: ServiceCall): number {
    call.edx = SIGNATURE;
    call.al = HARDWARE;
    call.bx = VERSION;
    call.cl = 0;
    return SUCCESS;
  }

  private findDevice(call: ServiceCall): number {
    const id = (call.dx | (call.cx << 16)) >>> 0;
    return this.find(call, (f) => this.config.read(f, 0, 4) === id);
  }

  private findClass(call: ServiceCall): number {
    const wanted = call.ecx & 0xff_ffff;
    return this.find(call, (f) => this.config.read(f, 8, 4) >>> 8 === wanted);
  }

  private find(call: ServiceCall, matches: (f: number) => boolean): number {
    let index = call.si;
    for (const f of this.config.functions()) {
      if (!matches(f) || index-- > 0) continue;
      call.bx = f;
      return SUCCESS;
    }
    return DEVICE_NOT_FOUND;
  }

  private readConfig(call: ServiceCall, size: AccessSize): number {
    const register = call.di;
    if (register > 0xff || register % size !== 0) return BAD_REGISTER;
    const value = this.config.read(call.bl, register, size, call.bh);
    if (size === 1) call.cl = value;
    else if (size === 2) call.cx = value;
    else call.ecx = value;
    return SUCCESS;
  }

  private writeConfig(call: ServiceCall, size: AccessSize): number {
    const register = call.di;
    if (register > 0xff || register % size !== 0) return BAD_REGISTER;
    const value = size === 1 ? call.cl : size === 2 ? call.cx : call.ecx;
    this.config.write(call.bl, register, value, size, call.bh);
    return SUCCESS;
  }

  /** B10Eh: ES:DI names a buffer by length and far pointer; BX gets the interrupts only PCI uses. */
  private routingOptions(call: ServiceCall): number {
    const { memory } = call;
    const at = call.address('es', call.di);
    const room = memory.read16(at);
    const entries = routingEntries(this.map);
    memory.write16(at, entries.length);
    if (room < entries.length) return BUFFER_TOO_SMALL;
    memory.writeBytes(memory.read16(at + 2) + (memory.read16(at + 4) << 4), entries);
    call.bx = this.map.pirqIrqs.reduce((mask, irq) => mask | (1 << irq), 0);
    return SUCCESS;
  }
}
