import * as L from '../core/layout.js';
import type { EngineKind, VcpuStats } from '../engine.js';
import { InterpreterEngine, type InterpreterOptions } from '../interpreter.js';
import { Translator, type RegionBounds } from './translator.js';

/** Instructions between two looks at where the main loop is. */
const SAMPLE_INSTRUCTIONS = 4000;
/**
 * Samples in a page that make it hot: 3 million instructions, about as long in the interpreter as V8's optimizing
 * compiler takes for a region. A quarter of it makes a boot of Linux half as dear again (docs/adr/0006-regions-keep-registers-in-locals.md).
 */
const HOT_SAMPLES = 750;

/**
 * Instructions in the interpreter that count as much as going from one region to the next; what such crossings count for
 * at most, one sample in the interpreter being 1.
 */
const CROSSING = 2;
const MOST_FOR_CROSSINGS = 0.15;

/**
 * Times a region is left for what the TLB lacks, by one instruction, that cost about as much as translating it again with
 * a call of the core in that place.
 */
const TELLING_MISSES = 20_000;

/** Some 60 MiB of machine code: several times what the kit's tests or a booted desktop need. */
const BOUNDS: RegionBounds = { regions: 2000, bytes: 20 * 2 ** 20 };

export interface TranslatorOptions extends InterpreterOptions {
  readonly sampleInstructions?: number;
  readonly hotSamples?: number;
  readonly tellingMisses?: number;
  readonly regionBounds?: RegionBounds;
  /** A clock for figures of the host's time, in ms. */
  readonly nowMs?: () => number;
}

/** The interpreter, with hot code translated to WebAssembly. */
export class TranslatorEngine extends InterpreterEngine {
  override readonly kind: EngineKind = 'translator';
  private readonly translator: Translator;

  constructor(options: TranslatorOptions) {
    super(options);
    const { sampleInstructions = SAMPLE_INSTRUCTIONS, hotSamples = HOT_SAMPLES, regionBounds = BOUNDS } = options;
    const { nowMs = () => 0 } = options;
    this.translator = new Translator(options.memory, this.core, hotSamples, regionBounds, nowMs);
    this.regionHost.hotSpot = (codePage, offset, crossings) => {
      const weight = crossings === 0 ? 1 : Math.min(MOST_FOR_CROSSINGS, (crossings * CROSSING) / sampleInstructions);
      this.translator.noteHot(codePage, offset, weight);
    };
    this.regionHost.regionMisses = (region, codePage, offset) => this.translator.noteMisses(region, codePage, offset);
    this.regionHost.regionsForgotten = (codePage) => this.translator.forget(codePage);
    options.memory.view.setUint32(L.MISSES_TOLD, options.tellingMisses ?? TELLING_MISSES, true);
    options.memory.view.setInt32(L.SAMPLE_INTERVAL, sampleInstructions * L.OP_SIZE, true);
  }

  override get stats(): VcpuStats {
    const { instructions, counters } = super.stats;
    const { made, report } = this.translator;
    const own = {
      'regions': made.regions,
      'regionBytes': made.bytes,
      'regionsDropped': report.dropped,
      'regionsEvicted': report.evicted,
      'regionExit.lookup': lookups(counters),
    };
    return { instructions, counters: { ...counters, ...own }, translator: report };
  }
}

/** Every entry ends in one exit; those that look up where the code goes on are the ones not counted by another cause. */
function lookups(counters: Readonly<Record<string, number>>): number {
  const others = Object.entries(counters).filter(([name]) => name.startsWith('regionExit.'));
  return Math.max(0, counters['regionsEntered']! - others.reduce((sum, [, count]) => sum + count, 0));
}
