import { useEventListener } from '@vueuse/core';
import { watch } from 'vue';
import { useCurrentMachine } from '../../composables/use-current-machine.js';
import { isOn } from '../../composables/power.js';
import { useShellStore } from '../../stores/shell.js';

/** Keeps the window's full-screen state and the shell's in step; a machine that goes off leaves it. */
export function useFullScreen(): void {
  const shell = useShellStore();
  const current = useCurrentMachine();

  watch(
    () => shell.fullScreen,
    (wanted) => {
      if (wanted === (document.fullscreenElement !== null)) return;
      const change = wanted ? document.documentElement.requestFullscreen() : document.exitFullscreen();
      change.catch(() => (shell.fullScreen = document.fullscreenElement !== null));
    },
  );
  watch(
    () => current.value !== null && isOn(current.value.state),
    (on) => {
      if (!on) shell.fullScreen = false;
    },
  );
  useEventListener(document, 'fullscreenchange', () => (shell.fullScreen = document.fullscreenElement !== null));
}
