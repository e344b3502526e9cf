import {
  FLAGS_AUX, FLAGS_RESULT, KIND_SETTLED, PAGE_RIP, REGION_BUDGET, REGION_STEP, RIP,
} from '../core/layout.js'; // prettier-ignore
import { KIND_IN_LOCAL } from './code/flags.js';
import { COUNT_SHIFT, LEFT_KIND_SHIFT, LEFT_OVER_SHIFT } from './code/exits.js';
import { importIndex, REGION_IMPORTS } from './code/imports.js';
import { RegionCode } from './code/region-code.js';
import {
  ANSWER, BUDGET, FLAGS_A, FLAGS_B, FLAGS_KIND, NEXT_RIP, PACKED, PAGE_RIP_LOCAL, SELECTOR,
} from './code/region-locals.js'; // prettier-ignore
import type { Region } from './region/blocks.js';
import { flagLiveness } from './region/liveness.js';
import { headsOf, orderBlocks } from './region/order.js';
import { RegionBody, type RegionPlace } from './region-body.js';
import { FunctionCode } from './wasm/function-code.js';
import { encodeModule } from './wasm/module.js';
import { I32, Wasm } from './wasm/wasm-op.js';

/** Translates a region to a module that exports it as `region`. */
export function generateRegion(region: Region, place: RegionPlace): Uint8Array<ArrayBuffer> {
  const code = new FunctionCode(1);
  // The three blocks around the body, which the epilogue closes.
  const labels = {
    gone: code.open(Wasm.block, I32),
    leave: code.open(Wasm.block, I32),
    step: code.open(Wasm.block, I32),
  };
  const to = new RegionCode(code, labels);
  const order = orderBlocks(
    region.blocks.map((block) => block.successors),
    region.entries,
  );
  const liveness = flagLiveness(region, headsOf(order));
  new RegionBody(to, region, liveness, place).emit(order);
  const parts = [prologue(to), code, epilogue(to, region)].flatMap((part) => part.parts());
  return encodeModule(REGION_IMPORTS, [
    { name: 'region', parameters: [I32], results: [I32], body: [to.locals.declaration(), ...parts] },
  ]);
}

/** Loads the registers the region uses. */
function prologue(to: RegionCode): FunctionCode {
  const code = new FunctionCode(1);
  to.registers.load(code, to.registers.used);
  code.i32(0).memory(Wasm.i64Load, PAGE_RIP).set(PAGE_RIP_LOCAL);
  code.i32(0).memory(Wasm.i32Load, REGION_BUDGET).set(BUDGET);
  to.loadTables(code);
  to.loadFlags(code);
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
  code.i32(REGION_STEP).set(ANSWER).get(PACKED);
  code.end();
  code.set(PACKED);
  to.registers.store(code, to.registers.written);
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

function storeFlags(code: FunctionCode): void {
  code.get(PACKED).i32(LEFT_KIND_SHIFT).op(Wasm.i32ShrU).tee(FLAGS_KIND_NOW);
  code.i32(KIND_IN_LOCAL).op(Wasm.i32Ne);
  code.open(Wasm.if);
  code.get(FLAGS_KIND_NOW).set(FLAGS_KIND);
  code.end();
  code.get(FLAGS_KIND).i32(KIND_SETTLED).op(Wasm.i32Eq);
  code.open(Wasm.if);
  code.i32(0).get(FLAGS_A).memory(Wasm.i64Store, FLAGS_RESULT);
  code.i32(0).get(FLAGS_B).memory(Wasm.i64Store32, FLAGS_AUX);
  code.else();
  code.get(FLAGS_KIND).get(FLAGS_A).get(FLAGS_B).call(importIndex('settleFlags'));
  code.end();
}

/** The parameter is of no use any more when a region is left. */
const FLAGS_KIND_NOW = SELECTOR;
