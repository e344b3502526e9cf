import { ITLB, ITLB_ENTRIES, ITLB_KEY, KIND_SETTLED } from '../core/layout.js';
import { KIND_IN_LOCAL } from './code/flags.js';
import type { KnownAccesses } from './code/guest-memory.js';
import type { RegionCode } from './code/region-code.js';
import { BUDGET, NEXT_RIP, PAGE_RIP_LOCAL, SELECTOR } from './code/region-locals.js';
import { COUNT_SHIFT } from './code/exits.js';
import { concernsVectors } from './code/guest-vectors.js';
import type { Decoded } from './decode/decoded.js';
import { loweringOf } from './lower/lowerings.js';
import type { Block, IndirectEnd, Region } from './region/blocks.js';
import { goesOnBehind, offsetOf, PAGE_BYTES } from './region/blocks.js';
import type { FlagLiveness } from './region/liveness.js';
import { READ, UNUSED } from './region/flag-use.js';
import type { RegionOrder } from './region/best-order.js';
import { blocksOf, type Item } from './region/order.js';
import type { FunctionCode, Label } from './wasm/function-code.js';
import { I32, I64, Wasm } from './wasm/wasm-op.js';

/** The core's OP_REGION (assembly/pseudo-ops.ts). */
const OP_REGION = 8;

/** Where a region will be, and what it needs to know of the core's memory. */
export interface RegionPlace {
  /** Index in the core's table. */
  readonly index: number;
  /** Address of a page's map from offset to op; pages by their number from the one the region was found in. */
  readonly mapOf: (page: number) => number;
  /** Address of the op at an offset of a page, or 0. */
  readonly opAt: (page: number, offset: number) => number;
  /** Whether the TLB often lacks what the instruction at an offset of a page accesses. */
  readonly misses: (page: number, offset: number) => boolean;
  /** Where to note what the indirect jump at an offset of a page went to. */
  readonly targetSlot: (page: number, offset: number) => number;
}

/** A list of items being written: where its items start, and the loop it is the inside of. */
interface Scope {
  /** Blocks of each item, and the label whose end is in front of it. */
  readonly items: readonly { readonly head: number; readonly blocks: ReadonlySet<number>; readonly label: Label }[];
  readonly loop: { readonly head: number; readonly label: Label } | undefined;
  /** Whether the loop starts by going to the block in SELECTOR. */
  readonly dispatches: boolean;
}

/** Writes a region's blocks: loops as loops, branches forwards out of nested blocks. */
export class RegionBody {
  private readonly code: FunctionCode;
  private readonly scopes: Scope[] = [];
  private readonly entries: ReadonlySet<number>;
  /** Blocks that lead to each block, once for each way. */
  private readonly predecessors: number[][];
  /** What a block's only way brings: kind of the flags, and accesses. */
  private readonly inherited = new Map<number, { readonly kind: number; readonly accesses: KnownAccesses }>();
  private root: Label = 0;
  /** Number of the current block's page. */
  private page = 0;

  constructor(
    private readonly to: RegionCode,
    private readonly region: Region,
    private readonly liveness: FlagLiveness,
    private readonly order: RegionOrder,
    private readonly place: RegionPlace,
  ) {
    this.code = to.code;
    this.entries = new Set(region.entries);
    this.predecessors = region.blocks.map(() => []);
    region.blocks.forEach(({ successors }, from) => successors.forEach((to) => this.predecessors[to]!.push(from)));
  }

  emit(): void {
    this.root = this.code.open(Wasm.loop);
    this.emitScope(this.order.items, undefined, true);
    this.code.end();
    this.code.op(Wasm.unreachable);
  }

  private emitScope(items: readonly Item[], loop: Scope['loop'], dispatches: boolean): void {
    const { code } = this;
    const labels = items.map((_, index) => (index > 0 || dispatches ? code.open(Wasm.block) : 0)).reverse();
    // The last opened is the innermost: it ends in front of the first item.
    const opened = dispatches ? labels : [0, ...labels.slice(0, -1)];
    const scope: Scope = {
      items: items.map((item, index) => ({
        head: typeof item === 'number' ? item : item.head,
        blocks: new Set(blocksOf(item)),
        label: opened[index]!,
      })),
      loop,
      dispatches,
    };
    this.scopes.push(scope);
    if (dispatches) this.dispatch(scope);
    items.forEach((item, index) => {
      if (index > 0 || dispatches) code.end();
      if (typeof item === 'number') this.emitBlock(item);
      else this.emitLoop(item.head, item.body);
    });
    this.scopes.pop();
  }

  private emitLoop(head: number, body: readonly Item[]): void {
    const label = this.code.open(Wasm.loop);
    this.emitScope([head, ...body], { head, label }, this.order.dispatching.has(head));
    this.code.end();
  }

  /** Goes to the item that holds the block in SELECTOR. */
  private dispatch({ items }: Scope): void {
    const first = items[0]!.label;
    const labels = new Array<Label>(this.region.blocks.length).fill(first);
    for (const { blocks, label } of items) for (const block of blocks) labels[block] = label;
    this.code.get(SELECTOR).brTable(labels, first);
  }

  private emitBlock(index: number): void {
    const { to, code } = this;
    const { instructions, end, page } = this.region.blocks[index]!;
    this.page = page;
    to.flags.kind = this.kindAt(index);
    const misses = instructions.some(({ offset }) => this.place.misses(page, offset));
    to.memory.enterBlock(page, misses, this.inherited.get(index)?.accesses);
    to.vectors.forget();
    if (instructions.length > 0) {
      code
        .get(BUDGET)
        .i32(instructions.length << COUNT_SHIFT)
        .op(Wasm.i32Sub)
        .set(BUDGET);
    }
    instructions.forEach((instruction, i) => {
      to.exits.remaining = instructions.length - i;
      to.exits.offset = instruction.offset;
      to.flagsMatter = this.liveness.after[index]![i] !== UNUSED;
      to.locals.nextInstruction();
      if (instruction.crosses) this.requirePage(page + 1);
      const lowering = loweringOf(instruction);
      if (lowering) {
        lowering.emit(to, instruction);
        to.memory.finishInstruction();
      } else this.executeByCore(instruction, page);
    });
    to.x87.finish();
    to.exits.remaining = 0;
    to.exits.offset = 0;
    this.emitEnd(end, instructions.at(-1));
  }

  private executeByCore(instruction: Decoded, page: number): void {
    const { offset, length } = instruction;
    const op = this.place.opAt(page, offset);
    const behind = op && goesOnBehind(instruction) ? this.place.opAt(page, offset + length) : 0;
    if (op) this.to.executeSingle(op, behind, concernsVectors(instruction));
    else this.to.exits.stepAlways();
  }

  /** Kind of the flags where a block starts. */
  private kindAt(index: number): number {
    const only = this.inherited.get(index);
    if (only) return only.kind;
    return this.liveness.before[index] === READ ? KIND_SETTLED : KIND_IN_LOCAL;
  }

  private emitEnd(end: Block['end'], last: Decoded | undefined): void {
    const { to } = this;
    switch (end.kind) {
      case 'next':
      case 'jump':
      case 'call':
        return this.go(end.to);
      case 'condition':
        return this.branch(last!.opcode & 15, end.taken, end.next);
      case 'indirect':
        return this.goIndirect(end, last!.offset);
      case 'leave': {
        const op = this.place.opAt(this.page, offsetOf(end.at));
        return op ? to.exits.leaveToOp(op) : this.leaveTo(end.at);
      }
    }
  }

  private branch(condition: number, taken: number, next: number): void {
    const { to, code } = this;
    const { kind } = to.flags;
    to.flags.pushCondition(condition);
    code.open(Wasm.if);
    this.go(taken);
    code.end();
    to.flags.kind = kind;
    this.go(next);
  }

  /** Goes to a place: a block of the region, or out of it. */
  private go(place: number): void {
    const index = this.region.indices.get(place);
    if (index === undefined) this.leaveTo(place);
    else this.goToBlock(index);
  }

  private leaveTo(place: number): void {
    this.to.exits.leaveAt(place - this.page * PAGE_BYTES);
  }

  private goToBlock(index: number): void {
    const { to, code } = this;
    const only = this.predecessors[index]!.length === 1 && !this.entries.has(index);
    if (only) this.inherited.set(index, { kind: to.flags.kind, accesses: to.memory.knownHere() });
    else this.passFlags(index);
    const { page } = this.region.blocks[index]!;
    if (page !== this.page) this.enterPage(index, page);
    for (let s = this.scopes.length - 1; s >= 0; s--) {
      const { items, loop, dispatches } = this.scopes[s]!;
      if (loop?.head === index) {
        this.checkBudget(index);
        if (dispatches) code.i32(index).set(SELECTOR);
        code.br(loop.label);
        return;
      }
      const item = items.find(({ blocks }) => blocks.has(index));
      if (!item) continue;
      if (this.order.dispatching.has(item.head)) code.i32(index).set(SELECTOR);
      code.br(item.label);
      return;
    }
    throw new Error('a block outside of every scope');
  }

  /** Brings the flags into the form a block with several ways to it expects. */
  private passFlags(index: number): void {
    const use = this.liveness.before[index]!;
    if (use === READ) this.to.flags.settle();
    else if (use !== UNUSED) this.to.flags.keepKind();
  }

  private checkBudget(index: number): void {
    const { to, code } = this;
    code.get(BUDGET).i32(0).op(Wasm.i32LeS);
    code.openIf('unlikely');
    // PAGE_RIP is that of the target's page by now.
    const { start, page } = this.region.blocks[index]!;
    to.exits.pauseAt(start - page * PAGE_BYTES);
    code.end();
  }

  /** Goes to another page, or leaves if it is no longer where it was when the region was made. */
  private enterPage(index: number, page: number): void {
    const { code } = this;
    const address = this.pushMoved(page);
    code.openIf('unlikely');
    this.leaveTo(this.region.blocks[index]!.start);
    code.end();
    code.get(address).set(PAGE_RIP_LOCAL);
  }

  /** Leaves an instruction with bytes in another page to the interpreter unless that is where it was. */
  private requirePage(page: number): void {
    const { to, code } = this;
    this.pushMoved(page);
    code.openIf('unlikely');
    to.exits.step();
    code.end();
  }

  /** Pushes whether a page is no longer where it was when the region was made; its linear address is in a temporary. */
  private pushMoved(page: number): number {
    const { to, code } = this;
    const address = to.locals.temporary(I64);
    this.pushRip(page * PAGE_BYTES);
    code.set(address);
    const entry = this.pushInstructionTag(address);
    code.op(Wasm.i64Ne);
    code.get(entry).memory(Wasm.i32Load, 8).i32(this.place.mapOf(page)).op(Wasm.i32Ne).op(Wasm.i32Or);
    return address;
  }

  /** Pushes the tag in the instruction TLB's entry for a page's linear address, and that it should have. */
  private pushInstructionTag(address: number): number {
    const { to, code } = this;
    const entry = to.locals.temporary(I32);
    code.get(address).op(Wasm.i32WrapI64).i32(8).op(Wasm.i32ShrU);
    code
      .i32((ITLB_ENTRIES - 1) << 4)
      .op(Wasm.i32And)
      .i32(ITLB)
      .op(Wasm.i32Add)
      .tee(entry);
    code.memory(Wasm.i64Load).get(address);
    code.i32(0).memory(Wasm.i64Load32U, ITLB_KEY).op(Wasm.i64Or);
    return entry;
  }

  /** To NEXT_RIP: straight there if it is one of the guesses, or an entry of this region in the same page. */
  private goIndirect({ guesses }: IndirectEnd, offset: number): void {
    const { to, code } = this;
    const { kind } = to.flags;
    for (const guess of guesses) {
      if (!this.region.indices.has(guess)) continue;
      this.pushRip(guess);
      code.get(NEXT_RIP).op(Wasm.i64Eq);
      code.open(Wasm.if);
      this.go(guess);
      code.end();
      to.flags.kind = kind;
    }
    if (this.entries.size > 1) this.goToEntry();
    code.i32(this.place.targetSlot(this.page, offset)).get(NEXT_RIP).memory(Wasm.i64Store);
    code.get(NEXT_RIP);
    to.exits.leave();
  }

  /** Pushes the instruction pointer of a place. */
  private pushRip(place: number): void {
    const { code } = this;
    code
      .get(PAGE_RIP_LOCAL)
      .i64(place - this.page * PAGE_BYTES)
      .op(Wasm.i64Add);
    if (this.region.mode !== 'long') code.i64(0xffff_ffff).op(Wasm.i64And);
  }

  /** To NEXT_RIP if that is an entry of this region; else behind this. */
  private goToEntry(): void {
    const { to, code } = this;
    const address = to.locals.temporary(I64);
    const op = to.locals.temporary(I32);
    to.flags.keepKind();
    code.get(NEXT_RIP).i64(-PAGE_BYTES).op(Wasm.i64And).set(address);
    const elsewhere = this.region.entries.some((entry) => this.region.blocks[entry]!.page !== this.page);
    const entry = elsewhere ? this.pushInstructionTag(address) : undefined;
    if (entry === undefined) code.get(address).get(PAGE_RIP_LOCAL);
    code.op(Wasm.i64Eq).get(BUDGET).i32(0).op(Wasm.i32GtS).op(Wasm.i32And);
    code.open(Wasm.if);
    code
      .get(NEXT_RIP)
      .op(Wasm.i32WrapI64)
      .i32(PAGE_BYTES - 1)
      .op(Wasm.i32And)
      .i32(2)
      .op(Wasm.i32Shl);
    if (entry === undefined) code.memory(Wasm.i32Load, this.place.mapOf(this.page)).tee(op);
    else code.get(entry).memory(Wasm.i32Load, 8).op(Wasm.i32Add).memory(Wasm.i32Load).tee(op);
    code.memory(Wasm.i32Load16U).i32(OP_REGION).op(Wasm.i32Eq);
    code.get(op).memory(Wasm.i32Load, 8).i32(this.place.index).op(Wasm.i32Eq).op(Wasm.i32And);
    code.open(Wasm.if);
    code.get(address).set(PAGE_RIP_LOCAL);
    code.get(op).memory(Wasm.i32Load, 12).set(SELECTOR).br(this.root);
    code.end();
    code.end();
  }
}
