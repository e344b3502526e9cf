import { COUNT_PORT, REGS, RIP } from '../../layout';
import { systemRead } from '../access';
import { portRead, portWrite } from '../bus';
import { lookup } from '../code-cache';
import { watchedPort } from '../debug';
import { deliverOpFault } from '../exceptions';
import { count, cpl, gpFault, iopl, opImm, opNextRip, protectedMode, RDX, reg16, segAttributes, segBase, segLimit, setRip, TR, virtual8086, ATTR_PRESENT } from '../state'; // prettier-ignore

/** Port I/O. */

/** The I/O permission bitmap (SDM vol. 1, 19.5.2); false with #GP(0) noted. */
export function mayAccessPort(port: u32, bytes: u32): bool {
  if (!protectedMode() || (cpl() <= iopl() && !virtual8086())) return true;
  const attributes = segAttributes(TR);
  // Only 32- and 64-bit task-state segments have a bitmap.
  if (!(attributes & ATTR_PRESENT) || !(attributes & 8) || segLimit(TR) < 103) return gpFault(0);
  const base = systemRead(segBase(TR) + 102, 2);
  if (!base) return false;
  const at = <u32>load<u16>(base) + (port >>> 3);
  if (at + 1 > segLimit(TR)) return gpFault(0);
  const p = systemRead(segBase(TR) + <u64>at, 2);
  if (!p) return false;
  const mask = ((1 << bytes) - 1) << (port & 7);
  return load<u16>(p) & mask ? gpFault(0) : true;
}

export function readPort(port: u32, bytes: u32): u32 {
  count(COUNT_PORT);
  watchedPort(port, bytes);
  return portRead(port, bytes);
}
export function writePort(port: u32, value: u32, bytes: u32): void {
  count(COUNT_PORT);
  watchedPort(port, bytes);
  portWrite(port, value, bytes);
}

/** State is exact while the device runs, and firmware services may change it: go on at whatever RIP says then. */
function input<T>(op: usize, port: u32): usize {
  if (!mayAccessPort(port, sizeof<T>())) return deliverOpFault(op);
  setRip(opNextRip(op));
  const value = <T>readPort(port, sizeof<T>());
  if (sizeof<T>() == 4) store<u64>(REGS, value);
  else store<T>(REGS, value);
  return lookup(load<u64>(RIP));
}
function output<T>(op: usize, port: u32): usize {
  if (!mayAccessPort(port, sizeof<T>())) return deliverOpFault(op);
  setRip(opNextRip(op));
  writePort(port, <u32>load<T>(REGS), sizeof<T>());
  return lookup(load<u64>(RIP));
}

export function inputImmediate<T>(op: usize): usize {
  return input<T>(op, <u32>opImm(op) & 0xff);
}
export function inputPort<T>(op: usize): usize {
  return input<T>(op, reg16(RDX));
}
export function outputImmediate<T>(op: usize): usize {
  return output<T>(op, <u32>opImm(op) & 0xff);
}
export function outputPort<T>(op: usize): usize {
  return output<T>(op, reg16(RDX));
}
