import type { Component } from 'vue';

export interface MenuItem {
  readonly kind: 'item';
  readonly label: string;
  readonly icon?: Component;
  /** Shortcut shown at the right. */
  readonly keys?: string;
  readonly disabled?: boolean;
  readonly danger?: boolean;
  /** Present for choices; a mark shows the chosen one. */
  readonly checked?: boolean;
  readonly run: () => void;
}

export type MenuEntry =
  MenuItem | { readonly kind: 'separator' } | { readonly kind: 'caption'; readonly label: string };

export const separator: MenuEntry = { kind: 'separator' };

/** Where a menu opens, in CSS pixels of the window. */
export interface MenuAnchor {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

export interface MenuPlace {
  readonly left: number;
  readonly top: number;
}

const GAP = 4;

/** Below the anchor, above it where there is no room, always inside the window. */
export function placeMenu(
  anchor: MenuAnchor,
  menu: { readonly width: number; readonly height: number },
  view: { readonly width: number; readonly height: number },
): MenuPlace {
  const fitsBelow = anchor.bottom + GAP + menu.height <= view.height - GAP;
  const above = anchor.top - GAP - menu.height;
  const top = fitsBelow || above < GAP ? anchor.bottom + GAP : above;
  const left = anchor.left + menu.width <= view.width - GAP ? anchor.left : anchor.right - menu.width;
  return {
    left: Math.max(GAP, Math.min(left, view.width - menu.width - GAP)),
    top: Math.max(GAP, Math.min(top, view.height - menu.height - GAP)),
  };
}

/** The entry that type-ahead moves to: the next whose label begins with `text`, after `from`. */
export function findByText(entries: readonly MenuEntry[], text: string, from: number): number {
  const wanted = text.toLowerCase();
  for (let step = 1; step <= entries.length; step++) {
    const index = (from + step) % entries.length;
    const entry = entries[index]!;
    if (entry.kind === 'item' && !entry.disabled && entry.label.toLowerCase().startsWith(wanted)) return index;
  }
  return -1;
}
