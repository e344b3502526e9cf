import { MAX_INSTRUCTION_BYTES } from '../../disassembler/byte-reader.js';
import type { Decoded } from '../decode/decoded.js';
import { PageDecoder } from '../decode/decode.js';
import {
  controlEnd, mayBeEntered, offsetOf, PAGE_BYTES, pageOf, targets, type Block, type BlockEnd, type Region,
} from './blocks.js'; // prettier-ignore
import { loweringOf } from '../lower/lowerings.js';
import type { CodePage, CodeSpace } from './code-space.js';
import { components } from './components.js';
import { backOf, guessReturns } from './returns.js';

/** Instructions of one block, whose count has eight bits in an exit. */
const MAX_BLOCK = 128;
/** Pages one region looks at. */
const MAX_PAGES = 24;
/** How much cooler than the hottest place of a region code may be. */
const COOLEST = 1 / 48;
/** Part of that heat that makes code a region of its own; what is cooler may become hotter. */
const WORTH_A_REGION = 1 / 8;
/** Parts of a branch's heat that go on: to where it jumps if nothing is known, and if no sample was there… */
const EVEN = 0.5;
const RARE = 1 / 16;
/** …and straight on, at least. */
const RARELY_STRAIGHT = 1 / 4;
/** Samples that say something. */
const TELLING = 8;

/** Finds the code that is reached from the given places, the hottest first: a region for what hangs together. */
export function discoverRegions(space: CodeSpace, starts: readonly number[], most: number): Region[] {
  const code = new Discovery(space, most);
  code.explore(starts);
  return code.regions(starts);
}

interface Line {
  readonly end: BlockEnd | undefined;
  /** Behind its last instruction. */
  readonly next: number;
}

type Draft = Omit<Block, 'successors'>;

interface Source {
  readonly page: CodePage;
  readonly decoder: PageDecoder;
}

class Discovery {
  private readonly known = new Map<number, Decoded>();
  private readonly leaders = new Set<number>();
  /** Where others are likely to come in: functions, what they and the interpreter come back to, and loops. */
  private readonly doors = new Set<number>();
  /** Where code goes other than straight on. */
  private readonly targets = new Set<number>();
  private readonly sources = new Map<number, Source | undefined>();
  /** Places to go on at, and how hot they are. */
  private readonly pending = new Map<number, number>();
  private readonly heats = new Map<number, number>();

  constructor(
    private readonly space: CodeSpace,
    private readonly most: number,
  ) {}

  explore(starts: readonly number[]): void {
    for (const start of starts) this.suggest(start, 1);
    let coolest = 0;
    while (this.known.size < this.most) {
      const [start, heat] = this.hottest();
      if (start === undefined || heat < coolest) return;
      if (coolest === 0) coolest = heat * COOLEST;
      this.pending.delete(start);
      this.heats.set(start, heat);
      this.leaders.add(start);
      if (!this.known.has(start)) this.follow(this.line(start), heat, start);
      this.passCore(start, heat);
    }
  }

  /** Where the core has to do the first instruction, the region is entered behind it. */
  private passCore(start: number, heat: number): void {
    const first = this.known.get(start);
    if (!first || mayBeEntered([first]) || this.controlEnd(first, start)) return;
    this.suggestDoor(start + first.length, heat);
  }

  private hottest(): [start: number | undefined, heat: number] {
    let best: number | undefined;
    let most = -1;
    for (const [start, heat] of this.pending) {
      if (heat <= most) continue;
      best = start;
      most = heat;
    }
    return [best, most];
  }

  /** Suggests a place that code goes to other than straight on. */
  private suggestTarget(place: number, heat: number): void {
    this.targets.add(place);
    this.suggest(place, heat);
  }

  private suggest(place: number, heat: number): void {
    if (this.heats.has(place)) return;
    const own = this.source(pageOf(place))?.page.heat(offsetOf(place)) ?? 0;
    const most = Math.max(own, heat, this.pending.get(place) ?? 0);
    this.pending.set(place, most);
  }

  /** Suggests what a line leads to. */
  private follow({ end, next }: Line, heat: number, start: number): void {
    if (!end) {
      // Straight on into the next page.
      if (next !== start) this.suggestTarget(next, heat);
      return;
    }
    for (const target of targets(end)) if (target < next) this.doors.add(target);
    switch (end.kind) {
      case 'condition': {
        // The main loop is only ever found where something jumped to: of the way straight on nothing is known.
        const taken = this.heatOf(end.taken);
        const unlikely = heat >= TELLING && taken === 0;
        this.suggestTarget(end.taken, heat * (unlikely ? RARE : EVEN));
        this.suggestTarget(end.next, Math.max(heat * RARELY_STRAIGHT, heat - taken));
        return;
      }
      case 'call':
        this.suggestDoor(end.to, heat);
        this.suggestDoor(end.back, heat);
        return;
      case 'indirect':
        for (const guess of end.guesses) this.suggestDoor(guess, heat);
        if (end.back !== undefined) this.suggestDoor(end.back, heat);
        return;
      case 'leave':
        if (end.back !== undefined) this.suggestDoor(end.back, heat);
        return;
      default:
        for (const target of targets(end)) this.suggestTarget(target, heat);
    }
  }

  private suggestDoor(place: number, heat: number): void {
    this.doors.add(place);
    this.suggestTarget(place, heat);
  }

  private heatOf(place: number): number {
    return this.source(pageOf(place))?.page.heat(offsetOf(place)) ?? 0;
  }

  /** Decodes straight-line code up to known code, or the page's end. */
  private line(start: number): Line {
    const source = this.source(pageOf(start));
    let at = start;
    if (!source?.page.decoded(offsetOf(at))) return { end: undefined, next: start };
    while (!this.known.has(at) && this.known.size < this.most && pageOf(at) === pageOf(start)) {
      const instruction = source.decoder.decode(offsetOf(at));
      if (!instruction || (instruction.crosses && !this.landsOnKnown(at + instruction.length)))
        return { end: undefined, next: start };
      this.known.set(at, instruction);
      const end = this.controlEnd(instruction, at);
      at += instruction.length;
      if (end) return { end, next: at };
    }
    return { end: undefined, next: pageOf(at) === pageOf(start) ? start : at };
  }

  /**
   * Whether the core has decoded what lies behind an instruction that reaches into a page: then it watches the bytes the
   * instruction has there, which are among the first.
   */
  private landsOnKnown(place: number): boolean {
    return this.source(pageOf(place))?.page.decoded(offsetOf(place)) ?? false;
  }

  private controlEnd(instruction: Decoded, at: number): BlockEnd | undefined {
    return controlEnd(instruction, at, (each) => {
      const guess = this.space.pointer(pageOf(at), each) ?? this.source(pageOf(at))?.page.lastTarget(offsetOf(at));
      return guess === undefined ? [] : [guess];
    });
  }

  private source(number: number): Source | undefined {
    if (!this.sources.has(number)) {
      const page = this.sources.size < MAX_PAGES ? this.space.page(number) : undefined;
      this.sources.set(number, page && { page, decoder: new PageDecoder(this.bytes(page, number), this.space.mode) });
    }
    return this.sources.get(number);
  }

  /** A page's bytes, and those behind it that its last instruction may have. */
  private bytes(page: CodePage, number: number): Uint8Array {
    const next = this.space.page(number + 1);
    if (!next) return page.bytes;
    const bytes = new Uint8Array(PAGE_BYTES + MAX_INSTRUCTION_BYTES);
    bytes.set(page.bytes);
    bytes.set(next.bytes.subarray(0, MAX_INSTRUCTION_BYTES), PAGE_BYTES);
    return bytes;
  }

  regions(found: readonly number[]): Region[] {
    const starts = this.withoutFallenInto(found);
    const drafts = this.blocks();
    const indices = new Map(drafts.map(({ start }, index) => [start, index]));
    const ends = guessReturns(drafts, indices);
    const edges = drafts.map(({ page }, index) => {
      const end = ends[index]!;
      const known = targets(end).filter((to) => indices.has(to));
      // A jump by a table may go to whatever else was found in its page.
      const unknown = known.length === 0 && end.kind === 'indirect' && end.transfer !== 'return';
      const likely = unknown ? starts.filter((start) => pageOf(start) === page) : known;
      return [...likely, ...backOf(end)].flatMap((to) => indices.get(to) ?? []);
    });
    const hottest = Math.max(...this.heats.values());
    return components(edges)
      .map((members) => members.map((index) => ({ ...drafts[index]!, end: ends[index]! })))
      .filter((parts) => parts.some(({ start }) => (this.heats.get(start) ?? 0) >= hottest * WORTH_A_REGION))
      .map((parts) => this.region(parts, starts));
  }

  private region(parts: readonly Draft[], starts: readonly number[]): Region {
    const indices = new Map(parts.map(({ start }, index) => [start, index]));
    const inside = (places: readonly number[]): number[] => places.flatMap((place) => indices.get(place) ?? []);
    const blocks = parts.map((part) => ({ ...part, successors: inside(targets(part.end)) }));
    const entries = inside([...new Set([...starts, ...this.doors])]).filter((index) =>
      mayBeEntered(blocks[index]!.instructions),
    );
    // Where a region was entered already the main loop has other reasons to be; jumps by a register go to entries.
    const needed =
      entries.some((index) => this.isEntered(blocks[index]!.start)) ||
      blocks.some(({ end }) => end.kind === 'indirect' && end.transfer !== 'return');
    const spare = new Set(inside(needed ? [] : starts.filter((start) => !this.doors.has(start))));
    return { mode: this.space.mode, blocks, entries, spare, indices };
  }

  private blocks(): Draft[] {
    const drafts = [...this.leaders]
      .filter((start) => this.known.has(start))
      .sort((a, b) => a - b)
      .map((start) => this.block(start));
    // A block cut short for its length goes on in one of its own.
    for (const { end } of drafts) {
      if (end.kind !== 'next' || !this.known.has(end.to) || this.leaders.has(end.to)) continue;
      this.leaders.add(end.to);
      drafts.push(this.block(end.to));
    }
    return drafts;
  }

  /**
   * Of the places where the main loop was found, those that are not merely fallen into behind another way in, such as the
   * middle of a loop's straight body: they are no leaders any more. If that way in led to a region already, the main loop
   * had other reasons to be there.
   */
  private withoutFallenInto(starts: readonly number[]): number[] {
    const before = new Map<number, number>();
    for (const [at, instruction] of this.known) {
      if (!this.controlEnd(instruction, at)) before.set(at + instruction.length, at);
    }
    const ways = new Set([...starts, ...this.doors]);
    return starts.filter((start) => {
      if (this.targets.has(start)) return true;
      let head = start;
      for (let at = before.get(head); at !== undefined && !this.targets.has(head); at = before.get(head)) head = at;
      const fallenInto = head !== start && ways.has(head) && this.isNewWayIn(head);
      if (fallenInto) this.leaders.delete(start);
      return !fallenInto;
    });
  }

  private isNewWayIn(place: number): boolean {
    return mayBeEntered([this.known.get(place)!]) && !this.isEntered(place) && this.setsFlagsFirst(place);
  }

  /** Whether a region is entered at a place already. */
  private isEntered(place: number): boolean {
    return this.source(pageOf(place))?.page.entered(offsetOf(place)) ?? false;
  }

  /** Whether the line from a place on sets the flags before it reads them: then it surely may be entered. */
  private setsFlagsFirst(place: number): boolean {
    let at = place;
    for (let next = this.known.get(at); next; next = this.known.get(at)) {
      const effect = loweringOf(next)?.flags(next) ?? 'stores';
      if (effect !== 'keeps') return effect === 'sets' || effect === 'steps' || effect === 'stores';
      if (this.controlEnd(next, at)) return false;
      at += next.length;
    }
    return false;
  }

  private block(start: number): Draft {
    const instructions: Decoded[] = [];
    const page = pageOf(start);
    const heat = this.heats.get(start) ?? 0;
    let at = start;
    while (instructions.length < MAX_BLOCK && pageOf(at) === page) {
      const instruction = this.known.get(at);
      if (!instruction) break;
      const end = this.controlEnd(instruction, at);
      if (end?.kind !== 'leave') instructions.push(instruction);
      if (end) return { start, page, instructions, heat, end };
      at += instruction.length;
      if (this.leaders.has(at)) break;
    }
    return { start, page, instructions, heat, end: { kind: 'next', to: at } };
  }
}
