import type { ServiceCall } from '../service-call.js';

/** Timed out. */
const NO_PRINTER = 0x01;

/** INT 17h: the board has no parallel port. */
export function printerStatus(call: ServiceCall): void {
  call.ah = NO_PRINTER;
}
