import type { Mc146818 } from '../devices/timer/mc146818.js';
import type { BootDevice, FirmwareDrive } from '../firmware/firmware.js';
import type { MachineSpec } from './machine-spec.js';

/** CMOS addresses as IBM's AT and its successors use them; the boot order ones as SeaBIOS and Bochs do. */
const FLOPPY_TYPES = 0x10;
const EQUIPMENT = 0x14;
const BASE_MEMORY = 0x15;
const EXTENDED_MEMORY = 0x17;
const EXTENDED_MEMORY_POST = 0x30;
const MEMORY_ABOVE_16_MIB = 0x34;
const BOOT_ORDER_THIRD = 0x38;
const BOOT_ORDER = 0x3d;

const FLOPPY_1440 = 4;
const EQUIPMENT_MATH = 1 << 1;
const EQUIPMENT_MOUSE = 1 << 2;
const KIB = 1 << 10;
const MIB = 1 << 20;
const BASE_MEMORY_KIB = 640;

const BOOT_CODES: Readonly<Record<BootDevice, number>> = { floppy: 1, disk: 2, cdrom: 3, network: 4 };

/** Writes what a set-up program would have stored: memory sizes, drives, boot order. */
export function setUpCmos(rtc: Mc146818, spec: MachineSpec, drives: readonly FirmwareDrive[]): void {
  const extended = spec.memoryBytes - MIB;
  setWord(rtc, BASE_MEMORY, BASE_MEMORY_KIB);
  setWord(rtc, EXTENDED_MEMORY, Math.min(extended / KIB, 0xffff));
  setWord(rtc, EXTENDED_MEMORY_POST, Math.min(extended / KIB, 0xffff));
  setWord(rtc, MEMORY_ABOVE_16_MIB, Math.max(0, Math.floor((spec.memoryBytes - 16 * MIB) / (64 * KIB))));
  setDrives(rtc, drives);
  const [first = 0, second = 0, third = 0] = spec.bootOrder.map((device) => BOOT_CODES[device]);
  rtc.setByte(BOOT_ORDER, first | (second << 4));
  rtc.setByte(BOOT_ORDER_THIRD, third << 4);
}

function setDrives(rtc: Mc146818, drives: readonly FirmwareDrive[]): void {
  const units = drives.flatMap((drive) => (drive.kind === 'floppy' ? [drive.unit] : []));
  const type = (unit: 0 | 1): number => (units.includes(unit) ? FLOPPY_1440 : 0);
  rtc.setByte(FLOPPY_TYPES, (type(0) << 4) | type(1));
  const floppies = units.length > 0 ? 1 | ((units.length - 1) << 6) : 0;
  rtc.setByte(EQUIPMENT, floppies | EQUIPMENT_MATH | EQUIPMENT_MOUSE);
}

function setWord(rtc: Mc146818, address: number, value: number): void {
  rtc.setByte(address, value & 0xff);
  rtc.setByte(address + 1, value >>> 8);
}
