/** Modifier keys a release chord can be made of, as `KeyboardEvent.key` names them. */
export type ChordModifier = 'Control' | 'Alt' | 'Shift' | 'Meta';

/**
 * Watches for the chord that gives keyboard and mouse back: all its modifiers down, and one of them let go again with no
 * third key in between. With a third key it is a shortcut of the application instead.
 */
export class ReleaseChord {
  private readonly held = new Set<string>();
  private spoiled = false;

  constructor(private readonly modifiers: readonly string[]) {}

  includes(key: string): boolean {
    return this.modifiers.includes(key);
  }

  /** All modifiers are down. */
  get complete(): boolean {
    return this.modifiers.length > 0 && this.modifiers.every((key) => this.held.has(key));
  }

  /** @param otherKeysDown keys outside the chord that are down already */
  press(key: string, otherKeysDown: boolean): void {
    if (!this.includes(key)) return;
    this.held.add(key);
    if (otherKeysDown) this.spoiled = true;
  }

  /** A key or button outside the chord was pressed. */
  spoil(): void {
    this.spoiled = true;
  }

  /** @returns whether this completes the chord */
  letGo(key: string): boolean {
    if (!this.includes(key)) return false;
    const released = this.complete && !this.spoiled;
    this.held.delete(key);
    if (this.held.size === 0) this.spoiled = false;
    return released;
  }

  reset(): void {
    this.held.clear();
    this.spoiled = false;
  }
}
