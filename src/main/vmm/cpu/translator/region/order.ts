/**
 * Order of a region's blocks: a weak topological ordering (F. Bourdoncle, "Efficient chaotic iteration strategies with
 * widenings", 1993, fig. 4). Every edge goes forwards, or back to the head of a loop around its start; any graph has
 * such an order, also one with loops of several entries.
 */
export type Item = number | Loop;

export interface Loop {
  readonly head: number;
  /** What follows the head in the loop. */
  readonly body: readonly Item[];
}

/** @param successors the last of a node's is placed behind it if possible */
export function orderBlocks(successors: readonly (readonly number[])[], roots: readonly number[]): Item[] {
  return new Ordering(successors).order(roots);
}

const DONE = Infinity;

class Ordering {
  private readonly numbers: number[];
  private readonly stack: number[] = [];
  private count = 0;

  constructor(private readonly successors: readonly (readonly number[])[]) {
    this.numbers = new Array<number>(successors.length).fill(0);
  }

  order(roots: readonly number[]): Item[] {
    const items: Item[] = [];
    for (const root of roots) if (this.numbers[root] === 0) this.visit(root, items);
    return items.reverse();
  }

  /** Adds what is found to `items`, last first. */
  private visit(node: number, items: Item[]): number {
    this.stack.push(node);
    const own = (this.numbers[node] = ++this.count);
    let head = own;
    let loop = false;
    for (const next of this.successors[node]!) {
      const least = this.numbers[next] === 0 ? this.visit(next, items) : this.numbers[next]!;
      if (least <= head) {
        head = least;
        loop = true;
      }
    }
    if (head !== own) return head;
    this.numbers[node] = DONE;
    let top = this.stack.pop()!;
    if (!loop) {
      items.push(node);
      return head;
    }
    while (top !== node) {
      this.numbers[top] = 0;
      top = this.stack.pop()!;
    }
    items.push(this.loop(node));
    return head;
  }

  private loop(head: number): Loop {
    const body: Item[] = [];
    for (const next of this.successors[head]!) if (this.numbers[next] === 0) this.visit(next, body);
    return { head, body: body.reverse() };
  }
}

/** Every block of an item. */
export function blocksOf(item: Item): number[] {
  return typeof item === 'number' ? [item] : [item.head, ...item.body.flatMap(blocksOf)];
}

/** Heads of all loops. */
export function headsOf(items: readonly Item[]): Set<number> {
  const heads = new Set<number>();
  for (const item of items) {
    if (typeof item === 'number') continue;
    heads.add(item.head);
    for (const head of headsOf(item.body)) heads.add(head);
  }
  return heads;
}
