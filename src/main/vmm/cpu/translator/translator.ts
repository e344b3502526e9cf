import type { GuestMemory } from '../../memory/guest-memory.js';
import type { CoreExports } from '../core/exports.js';
import { disassemble } from '../disassembler/disassemble.js';
import type { HotRegion, TranslatorReport } from '../translator-figures.js';
import * as L from '../core/layout.js';
import { CodePages, PAGE_HOST, PAGE_NUMBER, PAGE_REGIONS, targetSlot } from './code-pages.js';
import { offsetOf, PAGE_BYTES, pagesOf, type Region } from './region/blocks.js';
import { discoverRegions } from './region/discovery.js';
import type { RegionMode } from './decode/decode.js';
import type { CodeSpace } from './region/code-space.js';
import { REGION_IMPORTS } from './code/imports.js';
import { writeVectorConstants } from './code/vector-constants.js';
import { generateRegion } from './generate.js';
import { HotSpots, type HotPage } from './hot-spots.js';
import { instructionsIn } from './region/region-size.js';
import { RegionDoors } from './region-doors.js';
import { RegionTable, type InstalledRegion } from './region-table.js';
import { RegionUses } from './region-uses.js';

const MODES: Readonly<Record<number, RegionMode>> = { [L.MODE_64]: 'long', [L.MODE_FLAT32]: 'flat32' };

/** What regions may take. */
export interface RegionBounds {
  readonly regions: number;
  /** Bytes of their modules; machine code is about three times as much. */
  readonly bytes: number;
}

/** Regions that figures tell of, and instructions shown of each. */
const HOTTEST = 10;
const SHOWN = 4;

/** What is left when regions were given up for want of room. */
const LEFT = 3 / 4;

/** Turns hot code into regions, and puts them in the way of the core's main loop. */
export class Translator {
  private readonly hotSpots: HotSpots;
  private readonly regions: RegionTable;
  private readonly doors: RegionDoors;
  private readonly uses: RegionUses;
  private readonly imports: WebAssembly.Imports;
  private readonly counts = { regions: 0, instructions: 0, bytes: 0, dropped: 0, evicted: 0 };
  private translationMs = 0;
  private compilationMs = 0;

  constructor(
    private readonly memory: GuestMemory,
    private readonly core: CoreExports,
    threshold: number,
    private readonly bounds: RegionBounds,
    private readonly nowMs: () => number,
  ) {
    this.hotSpots = new HotSpots(threshold);
    this.regions = new RegionTable(core.table);
    this.doors = new RegionDoors(memory.view);
    this.uses = new RegionUses(memory.view);
    writeVectorConstants(memory.view);
    const functions = Object.fromEntries(REGION_IMPORTS.map(({ name }) => [name, core[name]]));
    this.imports = { env: { memory: memory.wasm }, core: functions };
  }

  /** Regions made so far, and the size of their modules. */
  get made(): { readonly regions: number; readonly bytes: number } {
    return this.counts;
  }

  get report(): TranslatorReport {
    const { counts, bounds, regions } = this;
    return {
      regions: regions.count,
      bytes: regions.bytes,
      mostRegions: bounds.regions,
      mostBytes: bounds.bytes,
      instructionsTranslated: counts.instructions,
      translationMs: this.translationMs,
      compilationMs: this.compilationMs,
      dropped: counts.dropped,
      evicted: counts.evicted,
      syscallEntry: this.syscallEntry.toString(16),
      hottest: () => this.hottest(),
    };
  }

  /** Where the guest's kernel takes system calls; 0 as long as it has not said so. */
  private get syscallEntry(): bigint {
    const { view } = this.memory;
    return view.getBigUint64(L.MSR_LSTAR, true) || view.getBigUint64(L.MSR_SYSENTER_EIP, true);
  }

  /** The core was found at an offset of a page: it is translated when that has happened often enough. */
  noteHot(codePage: number, offset: number, weight: number): void {
    const hot = this.hotSpots.note(codePage, offset, weight);
    // Now, while the page's neighbours are those of the program that runs.
    if (!hot) return;
    const start = this.nowMs();
    this.translate(hot);
    this.translationMs += this.nowMs() - start;
  }

  /** A region is left again and again for what the TLB lacks: it is made anew, with a call of the core in that place. */
  noteMisses(index: number, codePage: number, offset: number): void {
    const region = this.regions.get(index);
    if (!region?.pages.includes(codePage)) return;
    this.hotSpots.noteMisses(codePage, offset);
    this.hotSpots.again(region.pages[0]!);
    this.doors.close(index);
    this.release(index);
  }

  /** The core has forgotten what it decoded from a page. */
  forget(codePage: number): void {
    this.counts.dropped++;
    this.hotSpots.forget(codePage);
    // What else a region had code of is forgotten, too: ops there lead into it.
    const lost = this.regions.of(codePage);
    for (const { index } of lost) this.release(index);
    const pages = new Set(lost.flatMap((region) => region.pages));
    pages.delete(codePage);
    for (const page of pages) this.core.invalidateCode(this.memory.view.getUint32(page + PAGE_NUMBER, true));
  }

  /** Translates a page's hot code, and what it goes to. */
  private translate({ codePage, offsets, heat, rounds }: HotPage): void {
    const mode = this.modeOf(codePage);
    const regionMode = mode === undefined ? undefined : MODES[mode];
    if (mode === undefined || regionMode === undefined) return;
    const pages = new CodePages(this.memory, mode, codePage, heat);
    const space: CodeSpace = {
      mode: regionMode,
      page: (number) => pages.page(number),
      pointer: (page, instruction) => pages.pointer(page, instruction),
    };
    for (const region of discoverRegions(space, offsets, instructionsIn(rounds))) this.install(region, pages, mode);
  }

  /** Translates a region and makes its entries lead to it. */
  private install(region: Region, pages: CodePages, mode: number): void {
    const addressOf = (page: number): number => pages.page(page)!.address;
    const opAt = (page: number, offset: number): number => this.core.decodeAt(addressOf(page), mode, offset);
    // Nothing worth it, or forgotten since.
    if (region.entries.length === 0 || !opAt(region.blocks[0]!.page, offsetOf(region.blocks[0]!.start))) return;
    const used = [...new Set([...pagesOf(region)].map(addressOf))];
    const index = this.regions.reserve();
    const made = generateRegion(region, {
      index,
      mapOf: (page) => addressOf(page) + L.CODE_PAGE_HEADER,
      opAt,
      misses: (page, offset) => this.hotSpots.misses(addressOf(page), offset),
      targetSlot: (page, offset) => targetSlot(this.memory.view, addressOf(page), offset),
    });
    if (!made) return this.regions.cancel(index);
    const instance = this.compile(made.bytes);
    this.makeRoom(made.bytes.length);
    const instructions = region.blocks.reduce((sum, block) => sum + block.instructions.length, 0);
    const first = region.blocks[made.entries[0]!]!;
    const start = { page: addressOf(first.page), offset: offsetOf(first.start), linear: pages.linear(first.start) };
    const installed = { index, pages: used, bytes: made.bytes.length, instructions, start, mode: region.mode };
    this.regions.fill(installed, instance.exports['region']);
    this.uses.begin(index);
    for (const address of used) this.memory.view.setUint32(address + PAGE_REGIONS, 1, true);
    for (const { page, instructions } of region.blocks) {
      this.hotSpots.cover(
        addressOf(page),
        instructions.map(({ offset }) => offset),
      );
    }
    for (const entry of made.entries) {
      const { page, start } = region.blocks[entry]!;
      const op = opAt(page, offsetOf(start));
      const left = op ? this.doors.open(op, index, entry) : undefined;
      if (left !== undefined) this.release(left);
    }
    this.counts.regions++;
    this.counts.bytes += made.bytes.length;
    this.counts.instructions += instructions;
  }

  private compile(bytes: Uint8Array<ArrayBuffer>): WebAssembly.Instance {
    const start = this.nowMs();
    const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), this.imports);
    this.compilationMs += this.nowMs() - start;
    return instance;
  }

  /** Gives up the regions used least if one more, of so many bytes, is more than there may be. */
  private makeRoom(bytes: number): void {
    if (this.fits(bytes, 1)) return;
    const byUse = [...this.regions.all()].map((region) => ({ ...region, rate: this.uses.rate(region.index) }));
    byUse.sort((a, b) => a.rate - b.rate);
    for (const { index, pages } of byUse) {
      if (this.fits(bytes, LEFT)) break;
      this.doors.close(index);
      this.release(index);
      this.hotSpots.evicted(pages[0]!);
      this.counts.evicted++;
    }
    this.uses.age();
  }

  private fits(bytes: number, part: number): boolean {
    const { regions, bounds } = this;
    return regions.count < bounds.regions * part && regions.bytes + bytes <= bounds.bytes * part;
  }

  private hottest(): HotRegion[] {
    const byUse = [...this.regions.all()].map((region) => ({ region, uses: this.uses.of(region.index) }));
    byUse.sort((a, b) => b.uses - a.uses);
    return byUse.slice(0, HOTTEST).map(({ region, uses }) => ({ ...this.describe(region), uses }));
  }

  private describe({ start, mode, instructions, bytes }: InstalledRegion): Omit<HotRegion, 'uses'> {
    const { view } = this.memory;
    const end = view.getUint32(start.page + PAGE_HOST, true) + PAGE_BYTES;
    const bits = mode === 'long' ? 64 : 32;
    const texts: string[] = [];
    for (let at = end - PAGE_BYTES + start.offset; texts.length < SHOWN && at < end;) {
      const address = start.linear + BigInt(at - (end - PAGE_BYTES + start.offset));
      const { text, length } = disassemble(this.memory.bytes.slice(at, Math.min(at + 15, end)), { bits, address });
      texts.push(text);
      at += length;
    }
    return { address: start.linear.toString(16), code: texts.join('; '), instructions, bytes };
  }

  private release(index: number): void {
    this.doors.forget(index);
    this.regions.release(index);
    this.uses.end(index);
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
