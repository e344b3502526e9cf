import {
  PAGE_RIP, REGION_BUDGET, REGION_FLAGS_A, REGION_FLAGS_B, REGION_FLAGS_KIND, REGION_STEP, RIP,
} from '../core/layout.js'; // prettier-ignore
import { KIND_IN_LOCAL } from './code/flags.js';
import { COUNT_SHIFT, LEFT_KIND_SHIFT, LEFT_MISS_SHIFT, LEFT_OVER_SHIFT } from './code/exits.js';
import { REGION_IMPORTS } from './code/imports.js';
import { RegionCode } from './code/region-code.js';
import {
  ANSWER, BUDGET, FLAGS_A, FLAGS_B, FLAGS_KIND, NEXT_RIP, PACKED, PAGE_RIP_LOCAL, SELECTOR,
} from './code/region-locals.js'; // prettier-ignore
import type { Region } from './region/blocks.js';
import { READ } from './region/flag-use.js';
import { flagEffects, flagLiveness, type FlagLiveness } from './region/liveness.js';
import { bestOrder, type RegionOrder } from './region/best-order.js';
import { headsOf, orderBlocks } from './region/order.js';
import { RegionBody, type RegionPlace } from './region-body.js';
import { FunctionCode } from './wasm/function-code.js';
import { encodeModule } from './wasm/module.js';
import { I32, Wasm } from './wasm/wasm-op.js';

export interface TranslatedRegion {
  /** A module that exports the region as `region`. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Indices of the blocks it may be entered at. */
  readonly entries: readonly number[];
}

/**
 * Translates a region. It is not entered where a condition is read first: flags come as what they follow from.
 * @returns `undefined` if that leaves no entry
 */
export function generateRegion(found: Region, place: RegionPlace): TranslatedRegion | undefined {
  const successors = found.blocks.map((block) => block.successors);
  const effects = flagEffects(found);
  const liveness = flagLiveness(found, effects, headsOf(orderBlocks(successors, found.entries)));
  const usable = found.entries.filter((entry) => liveness.before[entry] !== READ);
  if (usable.length === 0) return undefined;
  const entries = withoutSpare(usable, found.spare, successors);
  const region = { ...found, entries };
  const order = bestOrder(region.blocks, entries);
  // With fewer entries loops have other heads, where the region may be left. What reads flags first is the same.
  return { bytes: emitRegion(region, place, flagLiveness(region, effects, headsOf(order.items)), order), entries };
}

/** Entries in the middle of a loop make it dispatch every round. */
function withoutSpare(
  entries: readonly number[],
  spare: ReadonlySet<number>,
  successors: readonly (readonly number[])[],
): number[] {
  const pending = entries.filter((entry) => !spare.has(entry));
  const needed = new Set(pending);
  const reached = new Set(pending);
  for (let block = pending.pop(); block !== undefined; block = pending.pop()) {
    for (const successor of successors[block]!) {
      if (reached.has(successor)) continue;
      reached.add(successor);
      pending.push(successor);
    }
  }
  return entries.filter((entry) => needed.has(entry) || !reached.has(entry));
}

function emitRegion(
  region: Region,
  place: RegionPlace,
  liveness: FlagLiveness,
  order: RegionOrder,
): Uint8Array<ArrayBuffer> {
  const code = new FunctionCode(1);
  // The three blocks around the body, which the epilogue closes.
  const labels = {
    gone: code.open(Wasm.block, I32),
    leave: code.open(Wasm.block, I32),
    step: code.open(Wasm.block, I32),
  };
  const to = new RegionCode(code, labels);
  new RegionBody(to, region, liveness, order, place).emit();
  const parts = [prologue(to), code, epilogue(to, region)].flatMap((part) => part.parts());
  return encodeModule(REGION_IMPORTS, [
    {
      name: 'region',
      parameters: [I32],
      results: [I32],
      body: [{ bytes: to.locals.declaration(), hints: [] }, ...parts],
    },
  ]);
}

/** Loads the registers the region uses. */
function prologue(to: RegionCode): FunctionCode {
  const code = new FunctionCode(1);
  to.registers.load(code, to.registers.used);
  to.loadVectors(code);
  code.i32(0).memory(Wasm.i64Load, PAGE_RIP).set(PAGE_RIP_LOCAL);
  code.i32(0).memory(Wasm.i32Load, REGION_BUDGET).set(BUDGET);
  to.loadTable(code);
  code.i32(0).memory(Wasm.i32Load, REGION_FLAGS_KIND).set(FLAGS_KIND);
  code.i32(0).memory(Wasm.i64Load, REGION_FLAGS_A).set(FLAGS_A);
  code.i32(0).memory(Wasm.i64Load, REGION_FLAGS_B).set(FLAGS_B);
  return code;
}

/** Stores what the region has changed. */
function epilogue(to: RegionCode, { mode }: Region): FunctionCode {
  const code = new FunctionCode(4);
  code.end();
  code
    .tee(PACKED)
    .i32((1 << LEFT_OVER_SHIFT) - 1)
    .op(Wasm.i32And)
    .op(Wasm.i64ExtendI32U);
  code.get(PAGE_RIP_LOCAL).op(Wasm.i64Add).set(NEXT_RIP);
  code.i32(REGION_STEP).get(PACKED).i32(LEFT_MISS_SHIFT).op(Wasm.i32ShrU).op(Wasm.i32Add).set(ANSWER);
  code
    .get(PACKED)
    .i32((1 << LEFT_MISS_SHIFT) - 1)
    .op(Wasm.i32And);
  code.end();
  code.set(PACKED);
  to.registers.store(code, to.registers.written);
  code.gap(() => to.vectors.storeRegisters());
  code.i32(0).get(NEXT_RIP);
  if (mode !== 'long') code.i64(0xffff_ffff).op(Wasm.i64And);
  code.memory(Wasm.i64Store, RIP);
  // The core goes on with an op of the page the region was left in.
  code.i32(0).get(PAGE_RIP_LOCAL).memory(Wasm.i64Store, PAGE_RIP);
  storeFlags(code);
  code.get(PACKED);
  code.end();
  code.i32(LEFT_OVER_SHIFT).op(Wasm.i32ShrU).i32(0xff).op(Wasm.i32And).i32(COUNT_SHIFT).op(Wasm.i32Shl);
  code.get(BUDGET).op(Wasm.i32Add).set(BUDGET);
  code.i32(0).get(BUDGET).memory(Wasm.i32Store, REGION_BUDGET);
  code.get(ANSWER);
  code.end();
  return code;
}

/** They stay what they follow from: the next region takes them as they are. */
function storeFlags(code: FunctionCode): void {
  code.get(PACKED).i32(LEFT_KIND_SHIFT).op(Wasm.i32ShrU).tee(FLAGS_KIND_NOW);
  code.i32(KIND_IN_LOCAL).op(Wasm.i32Ne);
  code.open(Wasm.if);
  code.get(FLAGS_KIND_NOW).set(FLAGS_KIND);
  code.end();
  code.i32(0).get(FLAGS_KIND).memory(Wasm.i32Store, REGION_FLAGS_KIND);
  code.i32(0).get(FLAGS_A).memory(Wasm.i64Store, REGION_FLAGS_A);
  code.i32(0).get(FLAGS_B).memory(Wasm.i64Store, REGION_FLAGS_B);
}

/** The parameter is of no use any more when a region is left. */
const FLAGS_KIND_NOW = SELECTOR;
