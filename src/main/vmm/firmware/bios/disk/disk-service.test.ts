import { describe, expect, it } from 'vitest';
import { BiosBoard } from '../../../../../testing/bios-board.js';

const SECTORS = 20_160; // 20 cylinders of 16 heads, 63 sectors
const BUFFER = 0x2_0000;

/** A disk whose every sector begins with its number. */
function numberedDisk(sectors = SECTORS): Uint8Array {
  const content = new Uint8Array(sectors * 512);
  const view = new DataView(content.buffer);
  for (let i = 0; i < sectors; i++) view.setUint32(i * 512, i, true);
  return content;
}

function boardWith(media: ConstructorParameters<typeof BiosBoard>[0] = { media: { disk: numberedDisk() } }): BiosBoard {
  const board = new BiosBoard(media);
  board.post();
  return board;
}

/** Writes a disk address packet at 0:6000h. */
function packet(board: BiosBoard, count: number, block: number): void {
  const at = 0x6000;
  board.memory.write16(at, 0x10);
  board.memory.write16(at + 2, count);
  board.memory.write32(at + 4, (BUFFER >> 4) << 16);
  board.memory.write32(at + 8, block);
  board.memory.write32(at + 12, 0);
}

describe('INT 13h', () => {
  it('reads sectors by cylinder, head and sector', () => {
    const board = boardWith();
    const cylinder = 3;
    const result = board.interrupt(0x13, {
      eax: 0x0202,
      ecx: (cylinder << 8) | 5,
      edx: 0x0780,
      ebx: 0,
      es: BUFFER >> 4,
    });
    expect(result.carry).toBe(false);
    expect(result.eax & 0xffff).toBe(0x0002);
    const lba = (cylinder * 16 + 7) * 63 + 4;
    expect(board.memory.read32(BUFFER)).toBe(lba);
    expect(board.memory.read32(BUFFER + 512)).toBe(lba + 1);
  });

  it('writes sectors and flags those that do not exist', () => {
    const board = boardWith();
    board.memory.write32(BUFFER, 0xdeadbeef);
    expect(board.interrupt(0x13, { eax: 0x0301, ecx: 2, edx: 0x80, ebx: 0, es: BUFFER >> 4 }).carry).toBe(false);
    expect(new DataView(board.disks.disk!.content.buffer).getUint32(512, true)).toBe(0xdeadbeef);
    const beyond = board.interrupt(0x13, { eax: 0x0201, ecx: (20 << 8) | 1, edx: 0x80 });
    expect(beyond.carry).toBe(true);
    expect(beyond.eax >> 8).toBe(0x04);
    expect(board.interrupt(0x13, { eax: 0x0100, edx: 0x80 }).eax >> 8).toBe(0x04);
  });

  it('reads and writes by block number, beyond one buffer at a time', () => {
    const board = boardWith();
    packet(board, 127, 300);
    expect(board.interrupt(0x13, { eax: 0x4200, edx: 0x80, esi: 0x6000, ds: 0 }).carry).toBe(false);
    expect(board.memory.read32(BUFFER + 126 * 512)).toBe(426);
    packet(board, 1, SECTORS);
    expect(board.interrupt(0x13, { eax: 0x4200, edx: 0x80, esi: 0x6000, ds: 0 }).carry).toBe(true);
    expect(board.memory.read16(0x6002)).toBe(0);
  });

  it('describes the drive in both interfaces', () => {
    const board = boardWith();
    const chs = board.interrupt(0x13, { eax: 0x0800, edx: 0x80 });
    expect({ heads: (chs.edx >> 8) & 0xff, sectors: chs.ecx & 0x3f, drives: chs.edx & 0xff }).toEqual({
      heads: 15,
      sectors: 63,
      drives: 1,
    });
    const check = board.interrupt(0x13, { eax: 0x4100, ebx: 0x55aa, edx: 0x80 });
    expect([check.carry, check.ebx & 0xffff, check.ecx & 5]).toEqual([false, 0xaa55, 5]);
    board.memory.write16(0x6000, 0x42);
    expect(board.interrupt(0x13, { eax: 0x4800, edx: 0x80, esi: 0x6000, ds: 0 }).carry).toBe(false);
    expect([board.memory.read16(0x6000), board.memory.read32(0x6010), board.memory.read16(0x6018)]).toEqual([
      0x42,
      SECTORS,
      512,
    ]);
    let sum = 0;
    for (let i = 0x1e; i < 0x42; i++) sum += board.memory.read8(0x6000 + i);
    expect(sum & 0xff).toBe(0);
  });

  it('refuses drives that are not there and functions nobody knows', () => {
    const board = boardWith();
    expect(board.interrupt(0x13, { eax: 0x0201, ecx: 1, edx: 0x81 }).carry).toBe(true);
    expect(board.interrupt(0x13, { eax: 0x7700, edx: 0x80 }).carry).toBe(true);
    const type = board.interrupt(0x13, { eax: 0x1500, edx: 0x81 });
    expect([type.carry, (type.eax >> 8) & 0xff]).toEqual([false, 0]);
  });

  it('says a diskette drive without a medium is not ready', () => {
    const board = boardWith({ media: {} });
    const result = board.interrupt(0x13, { eax: 0x0201, ecx: 1, edx: 0 });
    expect([result.carry, result.eax >> 8]).toEqual([true, 0x80]);
  });

  it('starts a CD without emulation and answers for it in 2048-byte blocks', () => {
    const cd = bootableCd(0);
    const board = boardWith({ media: { cdrom: cd } });
    const entry = board.boot();
    expect([entry.segment, entry.offset, entry.drive]).toEqual([0, 0x7c00, 0xe0]);
    expect(board.memory.read32(0x7c00)).toBe(0x1234_5678);
    packet(board, 1, 17);
    expect(board.interrupt(0x13, { eax: 0x4200, edx: 0xe0, esi: 0x6000, ds: 0 }).carry).toBe(false);
    expect(board.memory.read8(BUFFER + 1)).toBe('C'.charCodeAt(0));
    expect(board.interrupt(0x13, { eax: 0x4b01, edx: 0xe0, esi: 0x6000, ds: 0 }).carry).toBe(false);
    expect(board.memory.read8(0x6002)).toBe(0xe0);
  });

  it('emulates the diskette a CD carries, and moves the real one up', () => {
    const board = boardWith({ media: { cdrom: bootableCd(2), floppy: numberedDisk(2880) } });
    const entry = board.boot();
    expect(entry.drive).toBe(0);
    const geometry = board.interrupt(0x13, { eax: 0x0800, edx: 0 });
    expect([geometry.ecx & 0x3f, geometry.edx & 0xff]).toEqual([18, 2]);
    board.interrupt(0x13, { eax: 0x0201, ecx: 2, edx: 1, ebx: 0, es: BUFFER >> 4 });
    expect(board.memory.read32(BUFFER)).toBe(1);
    expect(board.interrupt(0x13, { eax: 0x0301, ecx: 2, edx: 0, ebx: 0, es: BUFFER >> 4 }).eax >> 8).toBe(3);
  });
});

/** A medium with nothing but an El Torito boot record at block 17, its catalogue at 18, and the image at 20. */
function bootableCd(mediaType: number): Uint8Array {
  const cd = new Uint8Array(2048 * 800);
  const view = new DataView(cd.buffer);
  const text = (at: number, s: string): void => cd.set(new TextEncoder().encode(s), at);
  text(17 * 2048 + 1, 'CD001');
  text(17 * 2048 + 7, 'EL TORITO SPECIFICATION');
  view.setUint32(17 * 2048 + 0x47, 18, true);
  const catalog = 18 * 2048;
  cd[catalog] = 1;
  view.setUint16(catalog + 28, -(1 + 0xaa55) & 0xffff, true);
  view.setUint16(catalog + 30, 0xaa55, true);
  cd.set([0x88, mediaType], catalog + 32);
  view.setUint16(catalog + 38, 4, true);
  view.setUint32(catalog + 40, 20, true);
  view.setUint32(20 * 2048, 0x1234_5678, true);
  return cd;
}
