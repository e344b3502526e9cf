import { defineStore } from 'pinia';
import { computed, shallowRef } from 'vue';
import type { MediaView } from '../../shared/contract/host-view.js';

export type MediaKind = 'iso' | 'disk' | 'floppy' | 'kernel' | 'initrd' | 'firmware' | 'system-map' | 'machine';
export type SettingsSection = 'general' | 'system' | 'storage' | 'connections';

export interface ConfirmChoice {
  readonly id: string;
  readonly label: string;
  readonly tone: 'plain' | 'primary' | 'danger';
}

/** Where the wizard begins. */
export type WizardStart =
  { readonly kind: 'empty' } | { readonly kind: 'choose' } | { readonly kind: 'file'; readonly file: File };

export type DialogRequest =
  | {
      readonly kind: 'confirm';
      readonly title: string;
      readonly text: string;
      readonly choices: readonly ConfirmChoice[];
      readonly answer: (choice: string | null) => void;
    }
  | { readonly kind: 'wizard'; readonly start: WizardStart }
  | { readonly kind: 'machine-settings'; readonly machineId: string; readonly section: SettingsSection }
  | { readonly kind: 'preferences' }
  | { readonly kind: 'keyboard' }
  | { readonly kind: 'about' }
  | { readonly kind: 'log'; readonly machineId: string }
  | { readonly kind: 'type-text'; readonly machineId: string }
  | { readonly kind: 'take-snapshot'; readonly machineId: string }
  | { readonly kind: 'export'; readonly machineId: string }
  | { readonly kind: 'auto-snapshots'; readonly machineId: string }
  /** Null: the machine as it is now. */
  | { readonly kind: 'clone'; readonly machineId: string; readonly snapshotId: string | null }
  | { readonly kind: 'grow-disk'; readonly machineId: string; readonly driveId: string }
  | { readonly kind: 'compare'; readonly machineId: string; readonly snapshotId: string | null }
  | {
      readonly kind: 'choose-media';
      readonly kinds: readonly MediaKind[];
      readonly answer: (medium: MediaView | null) => void;
    };

/** Open dialogs, the last on top. While one is open no console holds input. */
export const useDialogsStore = defineStore('dialogs', () => {
  const stack = shallowRef<readonly DialogRequest[]>([]);
  const anyOpen = computed(() => stack.value.length > 0);

  function open(request: DialogRequest): void {
    stack.value = [...stack.value, request];
  }

  /** Closes without an answer; what was asked gets null. */
  function close(request: DialogRequest): void {
    if (!stack.value.includes(request)) return;
    stack.value = stack.value.filter((other) => other !== request);
    if (request.kind === 'confirm' || request.kind === 'choose-media') request.answer(null);
  }

  function take(request: DialogRequest): void {
    stack.value = stack.value.filter((other) => other !== request);
  }

  function confirm(title: string, text: string, choices: readonly ConfirmChoice[]): Promise<string | null> {
    return new Promise((resolve) => {
      const request: DialogRequest = {
        kind: 'confirm',
        title,
        text,
        choices,
        answer: (choice) => {
          take(request);
          resolve(choice);
        },
      };
      open(request);
    });
  }

  function chooseMedia(kinds: readonly MediaKind[]): Promise<MediaView | null> {
    return new Promise((resolve) => {
      const request: DialogRequest = {
        kind: 'choose-media',
        kinds,
        answer: (medium) => {
          take(request);
          resolve(medium);
        },
      };
      open(request);
    });
  }

  return { stack, anyOpen, open, close, confirm, chooseMedia };
});
