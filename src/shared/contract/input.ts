import { z } from 'zod';

/** Keys by W3C UI Events `code` (physical position on a US keyboard): what the renderer sends and keyboards take. */
export const KEY_CODES = [
  'Escape', 'Digit1', 'Digit2', 'Digit3', 'Digit4', 'Digit5', 'Digit6', 'Digit7', 'Digit8', 'Digit9', 'Digit0',
  'Minus', 'Equal', 'Backspace', 'Tab', 'KeyQ', 'KeyW', 'KeyE', 'KeyR', 'KeyT', 'KeyY', 'KeyU', 'KeyI', 'KeyO', 'KeyP',
  'BracketLeft', 'BracketRight', 'Enter', 'ControlLeft', 'KeyA', 'KeyS', 'KeyD', 'KeyF', 'KeyG', 'KeyH', 'KeyJ', 'KeyK',
  'KeyL', 'Semicolon', 'Quote', 'Backquote', 'ShiftLeft', 'Backslash', 'KeyZ', 'KeyX', 'KeyC', 'KeyV', 'KeyB', 'KeyN',
  'KeyM', 'Comma', 'Period', 'Slash', 'ShiftRight', 'NumpadMultiply', 'AltLeft', 'Space', 'CapsLock',
  'F1', 'F2', 'F3', 'F4', 'F5', 'F6', 'F7', 'F8', 'F9', 'F10', 'F11', 'F12', 'NumLock', 'ScrollLock',
  'Numpad7', 'Numpad8', 'Numpad9', 'NumpadSubtract', 'Numpad4', 'Numpad5', 'Numpad6', 'NumpadAdd', 'Numpad1', 'Numpad2',
  'Numpad3', 'Numpad0', 'NumpadDecimal', 'IntlBackslash', 'IntlRo', 'IntlYen', 'KanaMode', 'Convert', 'NonConvert',
  'NumpadEnter', 'ControlRight', 'NumpadDivide', 'PrintScreen', 'AltRight', 'Pause', 'Home', 'ArrowUp', 'PageUp',
  'ArrowLeft', 'ArrowRight', 'End', 'ArrowDown', 'PageDown', 'Insert', 'Delete', 'MetaLeft', 'MetaRight', 'ContextMenu',
  'NumpadEqual', 'NumpadComma', 'Lang1', 'Lang2', 'Power', 'Sleep', 'WakeUp',
  'AudioVolumeMute', 'AudioVolumeDown', 'AudioVolumeUp',
] as const; // prettier-ignore

export const keyCodeSchema = z.enum(KEY_CODES);
export type KeyCode = z.infer<typeof keyCodeSchema>;

const buttons = z.int().min(0).max(31);
const wheel = z.int().min(-127).max(127);

/** One input event for a running machine. Buttons: bit 0 left, 1 right, 2 middle, 3 back, 4 forward. */
export const inputEventSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('key'), code: keyCodeSchema, down: z.boolean() }),
  /** Relative motion in counts; y grows downward. */
  z.object({
    type: z.literal('move'),
    dx: z.int().min(-32768).max(32767),
    dy: z.int().min(-32768).max(32767),
    wheel,
    buttons,
  }),
  /** Absolute position over the visible screen, 0…65535. */
  z.object({
    type: z.literal('point'),
    x: z.int().min(0).max(65535),
    y: z.int().min(0).max(65535),
    wheel,
    buttons,
  }),
  /** Every key and button up: sent on blur and release, so that nothing stays pressed in the guest. */
  z.object({ type: z.literal('release-all') }),
]);
export type InputEvent = z.infer<typeof inputEventSchema>;
