import type { GuestMemory } from '../../memory/guest-memory.js';
import type { CoreExports } from '../core/exports.js';
import * as L from '../core/layout.js';
import { discoverRegion, PAGE_BYTES } from './region/blocks.js';
import type { RegionMode } from './decode/decode.js';
import { REGION_IMPORTS } from './code/imports.js';
import { generateRegion } from './generate.js';
import { HotSpots, type HotPage } from './hot-spots.js';
import { RegionTable } from './region-table.js';

/** Header of a code page (assembly/code-invalidate.ts). */
const PAGE_NUMBER = 0;
const PAGE_HOST = 8;
const PAGE_REGIONS = 12;

/** The core's op that enters a region (assembly/pseudo-ops.ts). */
const OP_REGION = 8;

const MODES: Readonly<Record<number, RegionMode>> = { [L.MODE_64]: 'long', [L.MODE_FLAT32]: 'flat32' };

export interface TranslatorStats {
  readonly regions: number;
  readonly instructions: number;
  readonly bytes: number;
  readonly dropped: number;
}

/** Turns hot code into regions, and puts them in the way of the core's main loop. */
export class Translator {
  private readonly hotSpots: HotSpots;
  private readonly regions: RegionTable;
  private readonly imports: WebAssembly.Imports;
  private readonly counts = { regions: 0, instructions: 0, bytes: 0, dropped: 0 };

  constructor(
    private readonly memory: GuestMemory,
    private readonly core: CoreExports,
    threshold: number,
  ) {
    this.hotSpots = new HotSpots(threshold);
    this.regions = new RegionTable(core.table);
    const functions = Object.fromEntries(REGION_IMPORTS.map(({ name }) => [name, core[name]]));
    this.imports = { env: { memory: memory.wasm }, core: functions };
  }

  get stats(): TranslatorStats {
    return this.counts;
  }

  noteHot(codePage: number, offset: number): void {
    this.hotSpots.note(codePage, offset);
  }

  /** The core has forgotten what it decoded from a page. */
  forget(codePage: number): void {
    this.counts.dropped++;
    this.regions.drop(codePage);
    this.hotSpots.forget(codePage);
  }

  /** Translates what has become hot. Between runs of the core. */
  translateHot(): void {
    for (let page = this.hotSpots.take(); page; page = this.hotSpots.take()) this.translate(page);
  }

  private translate({ codePage, offsets }: HotPage): void {
    const { view, bytes } = this.memory;
    const mode = this.modeOf(codePage);
    const regionMode = mode === undefined ? undefined : MODES[mode];
    if (mode === undefined || regionMode === undefined) return;
    const host = view.getUint32(codePage + PAGE_HOST, true);
    const entered = (offset: number): boolean => {
      const op = view.getUint32(codePage + L.CODE_PAGE_HEADER + offset * 4, true);
      return op !== 0 && view.getUint16(op, true) === OP_REGION;
    };
    const page = { bytes: bytes.slice(host, host + PAGE_BYTES), mode: regionMode, entered };
    const region = discoverRegion(page, offsets);
    const first = region.entries[0];
    const opAt = (offset: number): number => (offset < PAGE_BYTES ? this.core.decodeAt(codePage, mode, offset) : 0);
    // Nothing worth it, or forgotten since.
    if (first === undefined || !opAt(region.blocks[first]!.start)) return;
    const index = this.regions.reserve(codePage);
    const code = generateRegion(region, { codePage, index, opAt });
    const instance = new WebAssembly.Instance(new WebAssembly.Module(code), this.imports);
    this.regions.fill(index, instance.exports['region']);
    view.setUint32(codePage + PAGE_REGIONS, 1, true);
    for (const entry of region.entries) this.lead(opAt(region.blocks[entry]!.start), index, entry);
    this.counts.regions++;
    this.counts.bytes += code.length;
    this.counts.instructions += region.blocks.reduce((sum, block) => sum + block.instructions.length, 0);
  }

  /** Makes an op enter a region. */
  private lead(op: number, index: number, entry: number): void {
    if (!op) return;
    const { view } = this.memory;
    view.setUint16(op, OP_REGION, true);
    view.setUint32(op + 8, index, true);
    view.setUint32(op + 12, entry, true);
  }

  /** Code mode of a code page, which the core's index tells. */
  private modeOf(codePage: number): number | undefined {
    const { view } = this.memory;
    const page = view.getUint32(codePage + PAGE_NUMBER, true);
    const slot = (codePage - L.CODE_PAGES) / L.CODE_PAGE_SIZE;
    for (let mode = 0; mode < L.CODE_MODES; mode++) {
      if (view.getUint16(L.CODE_PAGE_INDEX + ((mode << 20) | page) * 2, true) === slot) return mode;
    }
    return undefined;
  }
}
