import type { AddressSpace } from '../address-space.js';
import type { VgaRegisters } from './vga-registers.js';

/** A glyph takes 32 bytes of plane 2, whatever its height. */
const GLYPH_SLOT = 32;
const FONT_WINDOW = 0xa_0000;

/** Offset in plane 2 of font block 0–7: even ones lie 16 KiB apart, odd ones between them. */
const blockOffset = (block: number): number => ((block & 3) << 14) + ((block & 4) << 11);

/** Copies glyphs into a character-generator block of plane 2, as INT 10h AH=11h does. */
export function loadGlyphs(
  memory: AddressSpace,
  vga: VgaRegisters,
  glyphs: { readonly bytes: Uint8Array; readonly height: number; readonly first: number },
  block: number,
): void {
  withFontPlane(vga, () => {
    const base = FONT_WINDOW + blockOffset(block);
    for (let i = 0; i < glyphs.bytes.length; i++) {
      const slot = (glyphs.first + Math.floor(i / glyphs.height)) & 0xff;
      memory.write8(base + slot * GLYPH_SLOT + (i % glyphs.height), glyphs.bytes[i]!);
    }
  });
}

/** Makes plane 2 alone writable and linear at A0000h, then restores the registers that did it. */
function withFontPlane(vga: VgaRegisters, write: () => void): void {
  const sequencer = [2, 4].map((index) => [index, vga.readSequencer(index)] as const);
  const graphics = [4, 5, 6].map((index) => [index, vga.readGraphics(index)] as const);
  vga.sequencer(2, 0x04);
  vga.sequencer(4, 0x07);
  vga.graphics(4, 0x02);
  vga.graphics(5, 0x00);
  vga.graphics(6, 0x04);
  write();
  for (const [index, value] of sequencer) vga.sequencer(index, value);
  for (const [index, value] of graphics) vga.graphics(index, value);
}
