import type { PortBus } from '../../../bus/port-bus.js';
import type { BoardMap } from '../../board-map.js';

const ICW1 = 0x11;
/** IRQ 0, 1, 2 (cascade) and 6 unmasked; IRQ 12 and 14 on the second chip. */
const MASTER_MASK = 0xb8;
const SLAVE_MASK = 0xaf;

function initInterruptControllers(ports: PortBus, map: BoardMap): void {
  for (const value of [
    [0x20, ICW1],
    [0x21, 0x08],
    [0x21, 0x04],
    [0x21, 0x01],
    [0x21, MASTER_MASK],
  ] as const) {
    ports.write(value[0], value[1], 1);
  }
  for (const value of [[0xa0, ICW1], [0xa1, 0x70], [0xa1, 0x02], [0xa1, 0x01], [0xa1, SLAVE_MASK]] as const) {
    ports.write(value[0], value[1], 1);
  } // prettier-ignore
  // Edge/level control: what PCI and ACPI share is level-triggered.
  const level = [...map.pirqIrqs, map.sciIrq].reduce((mask, irq) => mask | (1 << irq), 0);
  ports.write(0x4d0, level & 0xff, 1);
  ports.write(0x4d1, level >> 8, 1);
}

/** Channel 0 at 18.2 Hz in mode 2 or 3 as an AT does, 1 for refresh, 2 for the speaker, which is off. */
function initTimer(ports: PortBus): void {
  for (const [port, value] of [[0x43, 0x36], [0x40, 0], [0x40, 0], [0x43, 0x54], [0x41, 0x12], [0x43, 0xb6], [0x42, 0x33], [0x42, 0x05]] as const) {
    ports.write(port, value, 1);
  } // prettier-ignore
  ports.write(0x61, ports.read(0x61, 1) & 0xfc, 1);
}

/** Keyboard interrupt on, translation to set 1, auxiliary port off until asked for. */
const KEYBOARD_COMMAND_BYTE = 0x65;

function initKeyboardController(ports: PortBus): void {
  ports.write(0x92, 0x02, 1); // A20 on
  for (let i = 0; i < 16 && ports.read(0x64, 1) & 1; i++) ports.read(0x60, 1);
  ports.write(0x64, 0xaa, 1);
  ports.read(0x60, 1);
  ports.write(0x64, 0xae, 1);
  ports.write(0x64, 0x60, 1);
  ports.write(0x60, KEYBOARD_COMMAND_BYTE, 1);
}

/** First DMA channel 4 in cascade mode, all others masked, as POST leaves them. */
function initDma(ports: PortBus): void {
  ports.write(0x0d, 0, 1);
  ports.write(0xda, 0, 1);
  ports.write(0xd6, 0xc0, 1);
  ports.write(0xd4, 0x00, 1);
}

/** Brings the chips of the board to the state an AT's POST leaves them in. */
export function initHardware(ports: PortBus, map: BoardMap): void {
  initInterruptControllers(ports, map);
  initTimer(ports);
  initKeyboardController(ports);
  initDma(ports);
}
