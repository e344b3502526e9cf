import { useEventListener, useRafFn } from '@vueuse/core';
import { onScopeDispose, readonly, ref, watch, type Ref } from 'vue';
import type { InputEvent } from '../../../../shared/contract/input.js';
import { InputCapture, type CaptureOptions } from './input-capture.js';

/** Pixels and lines of scrolling a wheel notch stands for. */
const NOTCH_PIXELS = 100;
const NOTCH_LINES = 3;

export interface InputCaptureControls {
  readonly captured: Readonly<Ref<boolean>>;
  release(): void;
  focus(): void;
}

interface KeyboardLock {
  lock(): Promise<void>;
  unlock(): void;
}

/** Binds an {@link InputCapture} to the element that shows the guest's screen. */
export function useInputCapture(
  screen: Readonly<Ref<HTMLElement | null>>,
  options: Readonly<Ref<CaptureOptions>>,
  send: (events: readonly InputEvent[]) => void,
): InputCaptureControls {
  const captured = ref(false);
  const capture = new InputCapture(
    {
      send,
      lockPointer: () => void lockPointer(screen.value),
      unlockPointer: () => {
        if (pointerIsOn(screen.value)) document.exitPointerLock();
      },
      capturedChanged: (now) => {
        captured.value = now;
        if (now) screen.value?.focus({ preventScroll: true });
      },
    },
    options.value,
  );
  watch(options, (next) => capture.configure(next), { deep: true });

  bindKeyboard(capture);
  bindPointer(screen, capture);
  bindReleases(screen, capture);
  bindKeyboardLock(captured);
  onScopeDispose(() => capture.release());

  return {
    captured: readonly(captured),
    release: () => capture.release(),
    focus: () => screen.value?.focus({ preventScroll: true }),
  };
}

/** On the window and in the capture phase: what belongs to the guest must not reach the page's own shortcuts. */
function bindKeyboard(capture: InputCapture): void {
  const take = (event: KeyboardEvent, guests: boolean) => {
    if (!guests) return;
    event.preventDefault();
    event.stopPropagation();
  };
  useEventListener(window, 'keydown', (event) => take(event, capture.keyDown(event)), { capture: true });
  useEventListener(window, 'keyup', (event) => take(event, capture.keyUp(event)), { capture: true });
}

function bindPointer(screen: Readonly<Ref<HTMLElement | null>>, capture: InputCapture): void {
  const buttons = (event: PointerEvent) => {
    moveTo(event);
    capture.pressButtons(event.buttons, pointerIsOn(screen.value));
  };
  const moveTo = (event: PointerEvent) => {
    const box = screen.value?.getBoundingClientRect();
    if (box && !pointerIsOn(screen.value)) {
      capture.moveTo((event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height);
    }
  };
  useEventListener(screen, 'pointerdown', (event) => {
    event.preventDefault();
    // A drag that leaves the screen still ends on it.
    if (!pointerIsOn(screen.value)) screen.value?.setPointerCapture(event.pointerId);
    buttons(event);
  });
  useEventListener(screen, 'pointerup', buttons);
  useEventListener(screen, 'pointermove', (event) => {
    // A second button while one is down arrives as a move.
    if (event.button >= 0) buttons(event);
    capture.moveBy(event.movementX, event.movementY);
    moveTo(event);
  });
  useEventListener(
    screen,
    'wheel',
    (event) => {
      if (!capture.captured) return;
      event.preventDefault();
      capture.turnWheel(event.deltaY / (event.deltaMode === WheelEvent.DOM_DELTA_LINE ? NOTCH_LINES : NOTCH_PIXELS));
    },
    { passive: false },
  );
  useEventListener(screen, 'contextmenu', (event) => event.preventDefault());
  useRafFn(() => capture.flush());
}

/** Everything that gives keyboard and mouse back besides the chord. */
function bindReleases(screen: Readonly<Ref<HTMLElement | null>>, capture: InputCapture): void {
  useEventListener(window, 'blur', () => capture.release());
  useEventListener(screen, 'blur', () => capture.release());
  useEventListener(document, 'visibilitychange', () => {
    if (document.hidden) capture.release();
  });
  useEventListener(document, 'pointerlockchange', () => {
    if (pointerIsOn(screen.value)) return;
    if (document.hasFocus()) capture.pointerLockLost();
    else capture.release();
  });
}

/** In full screen the browser can hand over the keys it keeps otherwise (Escape, Alt+Tab, the Windows key). */
function bindKeyboardLock(captured: Readonly<Ref<boolean>>): void {
  const keyboard = (navigator as { keyboard?: KeyboardLock }).keyboard;
  if (!keyboard) return;
  const update = () => {
    if (captured.value && document.fullscreenElement) void keyboard.lock().catch(() => undefined);
    else keyboard.unlock();
  };
  watch(captured, update);
  useEventListener(document, 'fullscreenchange', update);
  onScopeDispose(() => keyboard.unlock());
}

async function lockPointer(screen: HTMLElement | null): Promise<void> {
  try {
    await screen?.requestPointerLock({ unadjustedMovement: true });
  } catch {
    // Raw motion is not offered everywhere, and a lock is refused right after Escape: the next click asks again.
    await Promise.resolve(screen?.requestPointerLock()).catch(() => undefined);
  }
}

function pointerIsOn(screen: HTMLElement | null): boolean {
  return screen !== null && document.pointerLockElement === screen;
}
