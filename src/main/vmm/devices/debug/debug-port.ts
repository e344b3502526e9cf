import { byteHandler } from '../../bus/byte-handler.js';
import type { PortBus } from '../../bus/port-bus.js';

/** Console ports of Bochs (E9h) and of SeaBIOS and OVMF (402h): reading E9h there says that the port exists. */
export const DEBUG_PORTS = [0xe9, 0x402] as const;
const PRESENT = 0xe9;

/** Debug console: every byte written is a character for the machine's log. It has no state. */
export function attachDebugPorts(ports: PortBus, output: (byte: number) => void): void {
  const registers = { read: () => PRESENT, write: (_offset: number, value: number) => output(value) };
  for (const port of DEBUG_PORTS) ports.map(port, 1, byteHandler(registers, 1));
}
