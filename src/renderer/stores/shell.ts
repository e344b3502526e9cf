import { defineStore } from 'pinia';
import { ref, shallowRef } from 'vue';

/** What a console lets the chrome around it do. */
export interface ConsoleHandle {
  release(): void;
  focus(): void;
}

/** State of the window that several parts share. */
export const useShellStore = defineStore('shell', () => {
  /** Tree row being renamed: a machine id or `folder:PATH`. */
  const renaming = ref<string | null>(null);
  const paletteOpen = ref(false);
  /** The content fills the screen; the top edge brings the toolbar back. */
  const fullScreen = ref(false);
  /** Machines whose console shows a serial port instead of the screen. */
  const serialShown = ref(new Map<string, 1 | 2>());
  /** Scale the shown console draws at, 1 = guest pixels are CSS pixels. */
  const consoleScale = ref<number | null>(null);
  const console = shallowRef<ConsoleHandle | null>(null);

  return { renaming, paletteOpen, fullScreen, serialShown, consoleScale, console };
});
