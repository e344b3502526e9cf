/** A key by what it means and by where it is, as keyboard events have it. */
export interface ChordKey {
  readonly key: string;
  readonly code: string;
}

/**
 * Watches for the chord that gives keyboard and mouse back: all its modifiers down, and one of them let go again with no
 * third key in between. With a third key it is a shortcut of the application instead.
 */
export class ReleaseChord {
  private readonly held = new Set<string>();
  private spoiled = false;

  /** @param modifiers `KeyboardEvent.key` names, or a `code` where only one side of the keyboard counts */
  constructor(private readonly modifiers: readonly string[]) {}

  includes(key: ChordKey): boolean {
    return this.nameOf(key) !== undefined;
  }

  /** All modifiers are down. */
  get complete(): boolean {
    return this.modifiers.length > 0 && this.modifiers.every((key) => this.held.has(key));
  }

  /** @param otherKeysDown keys outside the chord that are down already */
  press(key: ChordKey, otherKeysDown: boolean): void {
    const name = this.nameOf(key);
    if (name === undefined) return;
    this.held.add(name);
    if (otherKeysDown) this.spoiled = true;
  }

  /** A key or button outside the chord was pressed. */
  spoil(): void {
    this.spoiled = this.held.size > 0;
  }

  /** @returns whether this completes the chord */
  letGo(key: ChordKey): boolean {
    const name = this.nameOf(key);
    if (name === undefined) return false;
    const released = this.complete && !this.spoiled;
    this.held.delete(name);
    if (this.held.size === 0) this.spoiled = false;
    return released;
  }

  reset(): void {
    this.held.clear();
    this.spoiled = false;
  }

  private nameOf({ key, code }: ChordKey): string | undefined {
    return this.modifiers.find((name) => name === key || name === code);
  }
}
