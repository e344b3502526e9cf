import type { DisplayRegisters } from '../display-state.js';
import { CrtAddress, rowBands, type RowBand } from './crt-address.js';
import { CP437 } from './cp437.js';
import { decodeMode } from './screen-mode.js';

/** Where text-mode cells are in video memory: character in plane 0, attribute in plane 1 of the same offset. */
export class TextCells {
  private readonly address = new CrtAddress();

  constructor(
    private readonly videoMemory: Uint8Array,
    private readonly registers: DisplayRegisters,
  ) {}

  /** To be called when registers may have changed. */
  update(): void {
    this.address.update(this.registers);
  }

  /** Character in bits 7:0, attribute in bits 15:8. */
  at(band: RowBand, column: number): number {
    const at = this.address.planeOffset((band.counter + column) & 0xffff, 0) * 4;
    return this.videoMemory[at]! | (this.videoMemory[at + 1]! << 8);
  }
}

/**
 * The characters on a text-mode screen, a line each, trailing blanks cut; `undefined` in graphics modes.
 * Characters are taken as code page 437 whatever font the guest has loaded.
 */
export function screenText(videoMemory: Uint8Array, registers: DisplayRegisters): string | undefined {
  const mode = decodeMode(registers);
  if (mode.kind !== 'text') return undefined;
  const cells = new TextCells(videoMemory, registers);
  cells.update();
  const lines = rowBands(registers, mode.height).map((band) => {
    let line = '';
    for (let column = 0; column < mode.columns; column++) line += CP437[cells.at(band, column) & 0xff];
    return line.trimEnd();
  });
  return lines.join('\n').trimEnd() + '\n';
}
