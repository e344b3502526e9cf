import { ROM_BASE, ROM_BYTES, type BiosRom } from '../../rom/bios-rom.js';
import type { ServiceCall } from '../service-call.js';

const PCI_SERVICE = 0x4943_5024; // "$PCI"
const NO_SUCH_SERVICE = 0x80;
const BAD_FUNCTION = 0x81;

/** The BIOS32 Service Directory's one question: where is the service EAX names? */
export function bios32Service(call: ServiceCall, rom: BiosRom): void {
  if ((call.ebx & 0xff) !== 0) {
    call.al = BAD_FUNCTION;
  } else if (call.eax !== PCI_SERVICE) {
    call.al = NO_SUCH_SERVICE;
  } else {
    call.al = 0;
    call.ebx = ROM_BASE;
    call.ecx = ROM_BYTES;
    call.edx = rom.address('pciBios32Entry') - ROM_BASE;
  }
}
