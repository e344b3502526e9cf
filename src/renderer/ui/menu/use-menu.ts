import { defineStore } from 'pinia';
import { shallowRef } from 'vue';
import type { MenuAnchor, MenuEntry } from './menu.js';

interface OpenMenu {
  readonly anchor: MenuAnchor;
  readonly entries: readonly MenuEntry[];
  /** Gets focus back when the menu closes. */
  readonly opener: HTMLElement | null;
  /** Left (−1) and right (+1) arrows, in a menu bar. */
  readonly sideways?: (step: -1 | 1) => void;
}

/** The one menu that can be open; `MenuHost` draws it. */
export const useMenu = defineStore('menu', () => {
  const current = shallowRef<OpenMenu | null>(null);

  function open(menu: OpenMenu): void {
    current.value?.opener?.removeAttribute('aria-expanded');
    menu.opener?.setAttribute('aria-expanded', 'true');
    current.value = menu;
  }

  function openBelow(opener: HTMLElement, entries: readonly MenuEntry[], sideways?: (step: -1 | 1) => void): void {
    if (current.value?.opener === opener) return close();
    open({ anchor: opener.getBoundingClientRect(), entries, opener, ...(sideways ? { sideways } : {}) });
  }

  /** At the pointer, or at the element when the keyboard asked. */
  function openContext(event: MouseEvent, entries: readonly MenuEntry[]): void {
    event.preventDefault();
    const target = event.currentTarget as HTMLElement | null;
    const byKeyboard = event.clientX === 0 && event.clientY === 0;
    const rect = target?.getBoundingClientRect();
    const x = byKeyboard && rect ? rect.left + 24 : event.clientX;
    const y = byKeyboard && rect ? rect.bottom : event.clientY;
    open({ anchor: { left: x, right: x, top: y, bottom: y }, entries, opener: target });
  }

  function close(returnFocus = true): void {
    const opener = current.value?.opener;
    opener?.removeAttribute('aria-expanded');
    current.value = null;
    if (returnFocus) opener?.focus();
  }

  return { current, openBelow, openContext, close };
});
