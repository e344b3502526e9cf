import type { GuestMemory } from '../../memory/guest-memory.js';
import type { CoreExports } from '../core/exports.js';
import * as L from '../core/layout.js';
import { CodePages, OP_REGION, PAGE_NUMBER, PAGE_REGIONS, targetSlot } from './code-pages.js';
import { offsetOf, pagesOf, type Region } from './region/blocks.js';
import { discoverRegions } from './region/discovery.js';
import type { RegionMode } from './decode/decode.js';
import type { CodeSpace } from './region/code-space.js';
import { REGION_IMPORTS } from './code/imports.js';
import { writeVectorConstants } from './code/vector-constants.js';
import { generateRegion } from './generate.js';
import { HotSpots, type HotPage } from './hot-spots.js';
import { RegionTable } from './region-table.js';

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
    writeVectorConstants(memory.view);
    const functions = Object.fromEntries(REGION_IMPORTS.map(({ name }) => [name, core[name]]));
    this.imports = { env: { memory: memory.wasm }, core: functions };
  }

  get stats(): TranslatorStats {
    return this.counts;
  }

  /** The core was found at an offset of a page: it is translated when that has happened often enough. */
  noteHot(codePage: number, offset: number, weight: number): void {
    const hot = this.hotSpots.note(codePage, offset, weight);
    // Now, while the page's neighbours are those of the program that runs.
    if (hot) this.translate(hot);
  }

  /** The core has forgotten what it decoded from a page. */
  forget(codePage: number): void {
    this.counts.dropped++;
    this.hotSpots.forget(codePage);
    // What else a region had code of is forgotten, too: ops there lead into it.
    for (const { pages } of this.regions.drop(codePage)) {
      for (const page of pages) this.core.invalidateCode(this.memory.view.getUint32(page + PAGE_NUMBER, true));
    }
  }

  /** Translates a page's hot code, and what it goes to. */
  private translate({ codePage, offsets, heat }: HotPage): void {
    const mode = this.modeOf(codePage);
    const regionMode = mode === undefined ? undefined : MODES[mode];
    if (mode === undefined || regionMode === undefined) return;
    const pages = new CodePages(this.memory, mode, codePage, heat);
    const space: CodeSpace = {
      mode: regionMode,
      page: (number) => pages.page(number),
      pointer: (page, instruction) => pages.pointer(page, instruction),
    };
    for (const region of discoverRegions(space, offsets)) this.install(region, pages, mode);
  }

  /** Translates a region and makes its entries lead to it. */
  private install(region: Region, pages: CodePages, mode: number): void {
    const addressOf = (page: number): number => pages.page(page)!.address;
    const opAt = (page: number, offset: number): number => this.core.decodeAt(addressOf(page), mode, offset);
    // Nothing worth it, or forgotten since.
    if (region.entries.length === 0 || !opAt(region.blocks[0]!.page, offsetOf(region.blocks[0]!.start))) return;
    const used = [...new Set([...pagesOf(region)].map(addressOf))];
    const index = this.regions.reserve(used);
    const made = generateRegion(region, {
      index,
      mapOf: (page) => addressOf(page) + L.CODE_PAGE_HEADER,
      opAt,
      targetSlot: (page, offset) => targetSlot(this.memory.view, addressOf(page), offset),
    });
    if (!made) return this.regions.cancel(index);
    const instance = new WebAssembly.Instance(new WebAssembly.Module(made.bytes), this.imports);
    this.regions.fill(index, instance.exports['region']);
    for (const address of used) this.memory.view.setUint32(address + PAGE_REGIONS, 1, true);
    for (const entry of made.entries) {
      const { page, start } = region.blocks[entry]!;
      this.lead(opAt(page, offsetOf(start)), index, entry);
    }
    this.counts.regions++;
    this.counts.bytes += made.bytes.length;
    this.counts.instructions += region.blocks.reduce((sum, block) => sum + block.instructions.length, 0);
  }

  /** Makes an op enter a region. */
  private lead(op: number, index: number, entry: number): void {
    if (!op) return;
    const { view } = this.memory;
    const taken = view.getUint16(op, true) === OP_REGION;
    this.regions.lead(index, taken ? view.getUint32(op + 8, true) : undefined);
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
