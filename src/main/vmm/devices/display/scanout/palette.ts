import { DispiEnable, DispiIndex } from '../dispi.js';
import { General, type DisplayRegisters } from '../display-state.js';
import { Attr, AttrMode } from '../vga/registers.js';
import { OPAQUE } from './frame.js';

/** The colours in effect, as RGBX words. */
export class Palette {
  /** The sixteen attributes, through plane enable, attribute palette and colour select. */
  readonly colors16 = new Int32Array(16);

  /** @param colors256 where every DAC entry goes, the PEL mask applied */
  constructor(readonly colors256: Int32Array) {}

  /** @returns whether any colour changed */
  update(r: DisplayRegisters): boolean {
    const wide = (r.dispi[DispiIndex.enable]! & DispiEnable.dac8) !== 0;
    const pelMask = r.general[General.pelMask]!;
    let changed = false;
    for (let i = 0; i < 256; i++) {
      const color = dacColor(r.dac, i & pelMask, wide);
      if (this.colors256[i] !== color) changed = true;
      this.colors256[i] = color;
    }
    for (let i = 0; i < 16; i++) {
      const color = this.colors256[dacIndex(r.attribute, i)]!;
      if (this.colors16[i] !== color) changed = true;
      this.colors16[i] = color;
    }
    return changed;
  }
}

function dacColor(dac: Uint8Array, index: number, wide: boolean): number {
  const component = (value: number) => (wide ? value : ((value & 0x3f) << 2) | ((value & 0x3f) >> 4));
  const at = index * 3;
  return OPAQUE | (component(dac[at + 2]!) << 16) | (component(dac[at + 1]!) << 8) | component(dac[at]!);
}

/** DAC entry of a four-bit attribute (attribute controller, registers 00h–0Fh, 10h, 12h, 14h). */
function dacIndex(attribute: Uint8Array, value: number): number {
  const entry = attribute[value & attribute[Attr.planeEnable]!]!;
  const select = attribute[Attr.colorSelect]!;
  const low = attribute[Attr.mode]! & AttrMode.paletteBits54 ? (entry & 0x0f) | ((select & 0x03) << 4) : entry & 0x3f;
  return low | ((select & 0x0c) << 4);
}
