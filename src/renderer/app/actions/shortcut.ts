/** The part of a keyboard event that a shortcut is matched on. */
export interface Chord {
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly altKey: boolean;
  readonly shiftKey: boolean;
  readonly metaKey: boolean;
}

/** Names used in shortcuts for values of `KeyboardEvent.key`. */
const KEY_NAMES: Readonly<Record<string, string>> = { Insert: 'Ins', Delete: 'Del' };

/** `Ctrl+Shift+V` for an event; on macOS Command counts as Ctrl. */
export function chordName(event: Chord): string {
  const key = KEY_NAMES[event.key] ?? (event.key.length === 1 ? event.key.toUpperCase() : event.key);
  // A character that needs Shift to type, as `?`, names itself.
  const shift = event.shiftKey && (event.key.length > 1 || /[a-z]/i.test(event.key));
  const parts = [event.ctrlKey || event.metaKey ? 'Ctrl' : '', event.altKey ? 'Alt' : '', shift ? 'Shift' : '', key];
  return parts.filter((part) => part !== '').join('+');
}

/** Keys without Ctrl or Alt belong to a text field that has focus. */
export function belongsToField(event: Chord, target: EventTarget | null): boolean {
  if (event.ctrlKey || event.metaKey || event.altKey || /^F\d+$/.test(event.key)) return false;
  return isField(target);
}

function isField(target: EventTarget | null): boolean {
  const element = target as { tagName?: string; isContentEditable?: boolean } | null;
  if (!element?.tagName) return false;
  return element.isContentEditable === true || ['INPUT', 'TEXTAREA', 'SELECT'].includes(element.tagName);
}
