import type { FirmwareOptions } from '../../firmware.js';
import { CODE_SEGMENT, type BiosRom } from '../../rom/bios-rom.js';
import { extendedKiB } from '../../tables/memory-map.js';
import type { AddressSpace } from '../address-space.js';
import { BASE_MEMORY_KIB, BDA, EBDA, EBDA_BASE, EBDA_SEGMENT } from '../data-area.js';
import { FIRST_DISK, type DriveTable } from '../disk/drives.js';
import { CMOS, RTC_B, type Cmos } from '../system/cmos.js';
import { ticksSinceMidnight } from '../system/time-service.js';

const VECTORS: Readonly<Record<number, string>> = {
  0x05: 'int05', 0x08: 'int08', 0x09: 'int09', 0x0e: 'int0e', 0x10: 'int10', 0x11: 'int11', 0x12: 'int12', 0x13: 'int13',
  0x14: 'int14', 0x15: 'int15', 0x16: 'int16', 0x17: 'int17', 0x18: 'int18', 0x19: 'int19', 0x1a: 'int1a',
  0x1e: 'disketteParameters', 0x40: 'int13', 0x42: 'int10', 0x70: 'int70', 0x74: 'int74', 0x75: 'int75',
}; // prettier-ignore
/** Vectors 60h–67h belong to programs and stay null; so do the tables set later (1Dh, 41h, 46h). */
const NULL_VECTORS = new Set([0x1d, 0x41, 0x46, 0x60, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x78, 0x79]);

const COM_PORTS: Readonly<Record<number, number>> = { 1: 0x3f8, 2: 0x2f8 };

/** Equipment word: coprocessor, mouse, 80×25 colour; floppies and serial ports are added. */
const EQUIPMENT = 0x0002 | 0x0004 | 0x0020;

function isHardwareVector(vector: number): boolean {
  return (vector >= 0x08 && vector <= 0x0f) || (vector >= 0x70 && vector <= 0x77);
}

export function writeInterruptVectors(memory: AddressSpace, rom: BiosRom): void {
  const pointer = (label: string): number => ((CODE_SEGMENT << 16) | (rom.address(label) & 0xffff)) >>> 0;
  for (let vector = 0; vector < 256; vector++) {
    const label = VECTORS[vector] ?? (isHardwareVector(vector) ? 'unexpected' : 'emptyInterrupt');
    const unused = NULL_VECTORS.has(vector) || vector >= 0x80;
    memory.write32(vector * 4, unused ? 0 : pointer(label));
  }
}

export interface DataAreaFacts {
  readonly drives: DriveTable;
  readonly options: FirmwareOptions;
  readonly ramBytes: number;
  readonly cmos: Cmos;
}

function equipment({ drives, options }: DataAreaFacts): number {
  const floppies = drives.count('floppy');
  const floppyBits = floppies > 0 ? 1 | ((Math.min(floppies, 4) - 1) << 6) : 0;
  return EQUIPMENT | floppyBits | (options.serialPorts.length << 9);
}

export function writeDataAreas(memory: AddressSpace, facts: DataAreaFacts): void {
  const warm = memory.read16(BDA.warmBoot);
  memory.fill(0x400, 0x100, 0);
  memory.fill(EBDA_BASE, 0x400, 0);
  memory.write16(BDA.warmBoot, warm);
  facts.options.serialPorts.forEach((port, i) => memory.write16(BDA.comPorts + i * 2, COM_PORTS[port] ?? 0));
  memory.write16(BDA.ebdaSegment, EBDA_SEGMENT);
  memory.write16(BDA.equipment, equipment(facts));
  memory.write16(BDA.memoryKiB, BASE_MEMORY_KIB);
  memory.write8(BDA.diskCount, facts.drives.count('disk'));
  memory.write8(BDA.keyboardMode, 0x10);
  memory.write32(BDA.comTimeouts, 0x0101_0101);
  memory.write32(BDA.lptTimeouts, 0x1414_1414);
  memory.write32(BDA.ticks, ticksSinceMidnight(facts.cmos));
  memory.write8(EBDA.sizeKiB, 1);
  writeDiskParameters(memory, facts.drives);
}

/** Fixed disk parameter tables of the first two disks, for programs that read vectors 41h and 46h. */
function writeDiskParameters(memory: AddressSpace, drives: DriveTable): void {
  for (const [i, vector] of [0x41, 0x46].entries()) {
    const drive = drives.find(FIRST_DISK + i);
    if (!drive) continue;
    const at = EBDA.diskParameters + i * 16;
    const { cylinders, heads, sectorsPerTrack } = drive.geometry;
    memory.write16(at, cylinders);
    memory.write8(at + 2, heads);
    memory.write16(at + 5, 0xffff); // no write precompensation
    memory.write8(at + 8, heads > 8 ? 0x08 : 0);
    memory.write16(at + 12, cylinders); // landing zone
    memory.write8(at + 14, sectorsPerTrack);
    memory.write32(vector * 4, ((EBDA_SEGMENT << 16) | (at - EBDA_BASE)) >>> 0);
  }
}

/** What operating systems read from CMOS instead of asking the BIOS, and the clock's mode: 24 hours, BCD, no interrupts. */
export function writeCmos(facts: DataAreaFacts): void {
  const { cmos, drives } = facts;
  cmos.write(CMOS.statusA, 0x26);
  cmos.change(CMOS.statusB, RTC_B.periodic | RTC_B.alarm | RTC_B.binary | 0x10, RTC_B.hours24);
  cmos.read(CMOS.statusC);
  const floppies = [0, 1].map((unit) => (drives.find(unit) ? 4 : 0));
  cmos.write(CMOS.floppyTypes, (floppies[0]! << 4) | floppies[1]!);
  cmos.write(CMOS.equipment, equipment(facts) & 0xff);
  cmos.write16(CMOS.baseMemoryLow, 640);
  const extended = extendedKiB(facts.ramBytes);
  cmos.write16(CMOS.extendedLow, Math.min(extended, 0xffff));
  cmos.write16(CMOS.extended2Low, Math.min(extended, 0xffff));
  cmos.write16(CMOS.above16MibLow, Math.max(0, Math.floor((facts.ramBytes - (16 << 20)) / 0x1_0000)));
  let sum = 0;
  for (let register = 0x10; register < CMOS.checksumHigh; register++) sum += cmos.read(register);
  cmos.write(CMOS.checksumHigh, sum >>> 8);
  cmos.write(CMOS.checksumHigh + 1, sum);
}
