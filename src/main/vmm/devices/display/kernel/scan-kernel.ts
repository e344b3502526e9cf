import type { LinearDepth } from '../scanout/screen-mode.js';

/** What to convert and where to; host offsets and bytes. */
export interface ScanJob {
  readonly source: number;
  /** From one row of the source to the next. */
  readonly pitch: number;
  /** The picture: rows of `width` RGBX words, one after the other. */
  readonly target: number;
  /** In pixels, a multiple of 8. */
  readonly width: number;
  readonly height: number;
  /** A byte for each tile of the picture; set to 1 where something changed. */
  readonly tiles: number;
  /** 256 RGBX words, for 8 bits a pixel. */
  readonly palette: number;
}

/** A scan line of 16 colours in planes; host offsets. */
export interface PlanesJob {
  /** Words of four plane bytes, eight pixels each. */
  readonly source: number;
  readonly columns: number;
  /** The line in the picture. */
  readonly target: number;
  /** The tile its left end is in. */
  readonly tile: number;
  /** 16 bytes each of red, green and blue by attribute. */
  readonly components: number;
}

type PlanesFunction = (source: number, columns: number, target: number, tile: number, components: number) => void;
type ScanFunction = (
  source: number,
  pitch: number,
  target: number,
  width: number,
  height: number,
  tiles: number,
  palette: number,
) => void;

/**
 * The compiled inner loops of scan-out (`assembly/`), working in one machine's memory. They check nothing: the
 * caller vouches for every range. At 24 bits a pixel up to four bytes past the source are read.
 */
export class ScanKernel {
  private readonly planes: PlanesFunction;
  private readonly functions: Readonly<Record<LinearDepth, ScanFunction>>;

  constructor(module: WebAssembly.Module, memory: WebAssembly.Memory) {
    const { exports } = new WebAssembly.Instance(module, { env: { memory } });
    this.planes = exports.scanPlanes as PlanesFunction;
    this.functions = {
      8: exports.scan8 as ScanFunction,
      15: exports.scan15 as ScanFunction,
      16: exports.scan16 as ScanFunction,
      24: exports.scan24 as ScanFunction,
      32: exports.scan32 as ScanFunction,
    };
  }

  scanPlanes(job: PlanesJob): void {
    this.planes(job.source, job.columns, job.target, job.tile, job.components);
  }

  scan(depth: LinearDepth, job: ScanJob): void {
    this.functions[depth](job.source, job.pitch, job.target, job.width, job.height, job.tiles, job.palette);
  }
}
