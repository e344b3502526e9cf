import { describe, expect, it } from 'vitest';
import { BiosBoard } from '../../../../../testing/bios-board.js';

function boardAfterPost(): BiosBoard {
  const board = new BiosBoard();
  board.post();
  return board;
}

const video = (board: BiosBoard, eax: number, more: Parameters<BiosBoard['interrupt']>[1] = {}) =>
  board.interrupt(0x10, { eax, ebx: 0, ecx: 0, edx: 0, ...more });
const cell = (board: BiosBoard, row: number, column: number): number =>
  board.cpu.bus.mmioRead(0xb_8000 + (row * 80 + column) * 2, 2);
const type = (board: BiosBoard, text: string): void => {
  for (const c of text) video(board, 0x0e00 | c.charCodeAt(0));
};

describe('INT 10h', () => {
  it('sets text mode 3: clear screen, cursor at home, data area filled', () => {
    const board = boardAfterPost();
    video(board, 0x0003);
    expect(cell(board, 0, 0)).toBe(0x0720);
    expect(board.screen().every((line) => line === '')).toBe(true);
    const mode = video(board, 0x0f00);
    expect([mode.eax & 0xff, (mode.eax >> 8) & 0xff]).toEqual([3, 80]);
    expect([board.memory.read8(0x484), board.memory.read16(0x485), board.memory.read16(0x463)]).toEqual([
      24, 16, 0x3d4,
    ]);
  });

  it('types with line feeds, wraps and scrolls', () => {
    const board = boardAfterPost();
    video(board, 0x0003);
    type(board, `${'x'.repeat(80)}next\r\nthird`);
    expect(board.screen().slice(0, 3)).toEqual(['x'.repeat(80), 'next', 'third']);
    type(board, '\r\n'.repeat(23));
    expect(board.screen()[0]).toBe('next');
    expect(video(board, 0x0300).edx).toBe(24 << 8);
  });

  it('writes characters with attributes and reads them back', () => {
    const board = boardAfterPost();
    video(board, 0x0003);
    video(board, 0x0200, { edx: 0x0505 });
    video(board, 0x0900 | 0x41, { ebx: 0x1e, ecx: 3 });
    expect([cell(board, 5, 5), cell(board, 5, 7), cell(board, 5, 8)]).toEqual([0x1e41, 0x1e41, 0x0720]);
    expect(video(board, 0x0800).eax & 0xffff).toBe(0x1e41);
    video(board, 0x0a42, { ecx: 1 });
    expect(cell(board, 5, 5)).toBe(0x1e42);
  });

  it('scrolls a window and leaves what is outside', () => {
    const board = boardAfterPost();
    video(board, 0x0003);
    type(board, 'aaaa\r\nbbbb\r\ncccc');
    video(board, 0x0601, { ebx: 0x1700, ecx: 0x0001, edx: 0x0202 });
    expect(board.screen().slice(0, 3)).toEqual(['abba', 'bccb', 'c  c']);
    expect(cell(board, 2, 1)).toBe(0x1720);
    video(board, 0x0701, { ebx: 0x0700, ecx: 0x0000, edx: 0x0203 });
    expect(board.screen().slice(0, 3)).toEqual(['', 'abba', 'bccb']);
  });

  it.each([
    [0x04, 3], [0x06, 1], [0x0d, 9], [0x10, 12], [0x12, 15], [0x13, 200],
  ])('draws pixels and characters in graphics mode %i', (mode, colour) => {
    const board = boardAfterPost();
    video(board, mode);
    video(board, 0x0c00 | colour, { ecx: 37, edx: 21 });
    expect(video(board, 0x0d00, { ecx: 37, edx: 21 }).eax & 0xff).toBe(colour);
    expect(video(board, 0x0d00, { ecx: 38, edx: 21 }).eax & 0xff).toBe(0);
    video(board, 0x0200, { edx: 0x0302 });
    video(board, 0x0941, { ebx: colour, ecx: 1 });
    expect(video(board, 0x0800).eax & 0xff).toBe(0x41);
    video(board, 0x0601, { ecx: 0, edx: 0x1827 });
    video(board, 0x0200, { edx: 0x0202 });
    expect(video(board, 0x0800).eax & 0xff).toBe(0x41);
  }); // prettier-ignore

  it('loads the 8×8 font for 50 lines', () => {
    const board = boardAfterPost();
    video(board, 0x0003);
    video(board, 0x1112);
    expect(board.memory.read8(0x484)).toBe(49);
    const font = video(board, 0x1130, { ebx: 0x0600 });
    expect(board.memory.read8((font.es << 4) + (font.ebp & 0xffff) + 0x41 * 16 + 2)).not.toBe(0);
  });

  it('ignores modes and functions that do not exist', () => {
    const board = boardAfterPost();
    video(board, 0x0055);
    expect(video(board, 0x0f00).eax & 0xff).toBe(3);
    video(board, 0xfe00);
    expect(board.log).toEqual([]);
  });

  it('offers VBE modes with a linear frame buffer', () => {
    const board = boardAfterPost();
    board.memory.write32(0x2_0000, 0x3245_4256);
    expect(video(board, 0x4f00, { es: 0x2000, edi: 0 }).eax & 0xffff).toBe(0x004f);
    expect(board.memory.read32(0x2_0000)).toBe(0x4153_4556);
    expect(board.memory.read16(0x2_0012)).toBe((4 << 20) / 0x1_0000);
    const list = board.memory.read16(0x2_000e) + (board.memory.read16(0x2_0010) << 4);
    const modes: number[] = [];
    for (let at = list; board.memory.read16(at) !== 0xffff; at += 2) modes.push(board.memory.read16(at));
    expect(modes).toContain(0x144);
    expect(video(board, 0x4f01, { ecx: 0x144, es: 0x2000, edi: 0 }).eax & 0xffff).toBe(0x004f);
    expect([0x12, 0x14].map((at) => board.memory.read16(0x2_0000 + at))).toEqual([1024, 768]);
    expect(board.memory.read32(0x2_0028)).toBeGreaterThanOrEqual(0xc000_0000);
    expect(video(board, 0x4f02, { ebx: 0x4144 }).eax & 0xffff).toBe(0x004f);
    expect(video(board, 0x4f03).ebx & 0xffff).toBe(0x4144);
    board.memory.write32(board.memory.read32(0x2_0028), 0x00ff_0000);
    expect(video(board, 0x4f02, { ebx: 0x4777 }).eax & 0xffff).toBe(0x014f);
    video(board, 0x0003);
    expect(video(board, 0x4f03).ebx & 0xffff).toBe(3);
  });

  it('hands over an EDID with a right checksum', () => {
    const board = boardAfterPost();
    video(board, 0x4f15, { ebx: 1, es: 0x2000, edi: 0 });
    let sum = 0;
    for (let i = 0; i < 128; i++) sum += board.memory.read8(0x2_0000 + i);
    expect([board.memory.read32(0x2_0000), sum & 0xff]).toEqual([0xffff_ff00, 0]);
  });
});
