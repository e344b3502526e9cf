import { describe, expect, it } from 'vitest';
import { BiosBoard } from '../../../testing/bios-board.js';

describe('built-in BIOS', () => {
  it('brings the board up: screen, vectors, timer, PCI', () => {
    const board = new BiosBoard();
    board.post();
    expect(board.log).toEqual([]);
    expect(board.screen()[0]).toBe('Annex BIOS, 8 MiB');
    expect(board.memory.read16(0x413)).toBe(639);
    expect(board.memory.read16(0x40e)).toBe(0x9fc0);
    const vgaBar = (register: number): number => {
      board.cpu.bus.portWrite(0xcf8, 0x8000_0000 + (2 << 11) + register, 4);
      return board.cpu.bus.portRead(0xcfc, 4);
    };
    expect(vgaBar(0x10) >>> 0).toBeGreaterThanOrEqual(0xc000_0000);
    expect(vgaBar(0x04) & 2).toBe(2);
  });

  it('says what it tried when nothing boots, and tries again on a key', () => {
    const board = new BiosBoard({ media: { disk: new Uint8Array(1 << 20) } });
    board.post();
    let screen: string[] = [];
    board.onWait = (count) => {
      if (count !== 40) return;
      screen = board.screen();
      board.disks.disk!.content.set([0xeb, 0xfe], 0);
      board.disks.disk!.content.set([0x55, 0xaa], 510);
      board.interrupt(0x16, { eax: 0x0500, ecx: 0x1c0d });
    };
    board.boot();
    const text = screen.join('\n');
    expect(text).toContain('No bootable device.');
    expect(text).toContain('CD/DVD: cdrom: no medium in the drive');
    expect(text).toContain('Hard disk: disk: not bootable: no 55AAh signature in the boot sector');
  });
});
