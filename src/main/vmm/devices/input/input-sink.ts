import type { KeyCode } from '../../../../shared/contract/input.js';

/** A device that takes key strokes; keys are named as W3C `KeyboardEvent.code` names them. */
export interface KeySink {
  key(code: KeyCode, down: boolean): void;
  /** Keyboard LEDs as the guest last set them. */
  readonly leds: { readonly caps: boolean; readonly num: boolean; readonly scroll: boolean };
}

/** Bit 0 left, 1 right, 2 middle, 3 back, 4 forward. */
export type ButtonMask = number;

export interface RelativePointerSink {
  /** Counts; y grows downward; wheel counts notches, positive toward the person. */
  move(dx: number, dy: number, wheel: number, buttons: ButtonMask): void;
}

export interface AbsolutePointerSink {
  /** Whether the guest has switched absolute pointing on. */
  readonly active: boolean;
  /** Position 0…65535 over the visible screen. */
  moveTo(x: number, y: number, wheel: number, buttons: ButtonMask): void;
}
