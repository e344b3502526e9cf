import type { Component } from 'vue';
import type { MessageKey } from '../i18n/en.js';

/** Something a person can do: one entry for menus, shortcuts and search alike. */
export interface Action {
  readonly id: string;
  readonly label: MessageKey;
  readonly icon?: Component;
  /** Chord as `Ctrl+Shift+V`, in the notation of KeyboardEvent.key for the last part. */
  readonly keys?: string;
  /** A browser keeps this chord for itself; it works in the desktop window only. */
  readonly desktopOnlyKeys?: boolean;
  readonly enabled: () => boolean;
  readonly checked?: () => boolean;
  readonly run: () => void;
}
