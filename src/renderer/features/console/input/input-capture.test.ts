import { beforeEach, describe, expect, it } from 'vitest';
import type { InputEvent } from '../../../../shared/contract/input.js';
import { InputCapture, type CaptureOptions } from './input-capture.js';

const RELATIVE: CaptureOptions = { capturable: true, absolute: false, releaseChord: ['Control', 'Alt'] };
const ABSOLUTE: CaptureOptions = { ...RELATIVE, absolute: true };
const LEFT = 1;

let sent: InputEvent[];
let locks: string[];

function captureWith(options: CaptureOptions): InputCapture {
  return new InputCapture(
    {
      send: (events) => void sent.push(...events),
      lockPointer: () => void locks.push('lock'),
      unlockPointer: () => void locks.push('unlock'),
      capturedChanged: () => undefined,
    },
    options,
  );
}

/** Captured by a click, with nothing recorded yet. */
function captured(options: CaptureOptions = RELATIVE): InputCapture {
  const capture = captureWith(options);
  capture.capture();
  sent.length = 0;
  return capture;
}

const stroke = (code: string, key = code, repeat = false) => ({ code, key, repeat });
const CTRL = stroke('ControlLeft', 'Control');
const ALT = stroke('AltLeft', 'Alt');
const A = stroke('KeyA', 'a');

beforeEach(() => {
  sent = [];
  locks = [];
});

describe('taking input', () => {
  it('takes keys only after a click, and swallows that click', () => {
    const capture = captureWith(RELATIVE);
    expect(capture.keyDown(A)).toBe(false);
    capture.pressButtons(LEFT, false);
    expect(capture.captured).toBe(true);
    capture.pressButtons(0, true);
    expect(locks).toEqual(['lock']);
    expect(sent).toEqual([]);
    capture.pressButtons(LEFT, true);
    expect(sent).toEqual([{ type: 'move', dx: 0, dy: 0, wheel: 0, buttons: LEFT }]);
  });

  it('takes nothing while it may not', () => {
    const capture = captureWith({ ...RELATIVE, capturable: false });
    capture.pressButtons(LEFT, false);
    expect(capture.captured).toBe(false);
    expect(locks).toEqual([]);
  });

  it('sends a key once however long it is held, and only keys a keyboard has', () => {
    const capture = captured();
    expect(capture.keyDown(A)).toBe(true);
    expect(capture.keyDown({ ...A, repeat: true })).toBe(true);
    expect(capture.keyDown(stroke('BrowserBack'))).toBe(true);
    capture.keyUp(A);
    expect(sent).toEqual([
      { type: 'key', code: 'KeyA', down: true },
      { type: 'key', code: 'KeyA', down: false },
    ]);
  });

  it('leaves full screen to the application', () => {
    const capture = captured();
    expect(capture.keyDown(stroke('F11'))).toBe(false);
    expect(sent).toEqual([]);
  });
});

describe('the release chord', () => {
  it('releases when it is let go with no third key', () => {
    const capture = captured();
    capture.keyDown(CTRL);
    capture.keyDown(ALT);
    expect(capture.captured).toBe(true);
    capture.keyUp(ALT);
    expect(capture.captured).toBe(false);
    expect(sent.at(-1)).toEqual({ type: 'release-all' });
    expect(locks.at(-1)).toBe('unlock');
  });

  it('is a shortcut of the application with a third key, which the guest never sees', () => {
    const capture = captured();
    capture.keyDown(CTRL);
    capture.keyDown(ALT);
    expect(capture.keyDown(stroke('Insert'))).toBe(false);
    expect(capture.keyUp(stroke('Insert'))).toBe(false);
    capture.keyUp(ALT);
    capture.keyUp(CTRL);
    expect(capture.captured).toBe(true);
    expect(sent.map((e) => (e.type === 'key' ? e.code : e.type))).toEqual([
      'ControlLeft',
      'AltLeft',
      'AltLeft',
      'ControlLeft',
    ]);
  });

  it('does not release when another key was held or clicked meanwhile', () => {
    const capture = captured();
    capture.keyDown(A);
    capture.keyDown(CTRL);
    capture.keyDown(ALT);
    capture.keyUp(ALT);
    expect(capture.captured).toBe(true);
    capture.keyUp(CTRL);
    capture.keyUp(A);
    capture.keyDown(CTRL);
    capture.keyDown(ALT);
    capture.pressButtons(LEFT, true);
    capture.keyUp(CTRL);
    expect(capture.captured).toBe(true);
  });

  it('lets Ctrl and AltGr type characters', () => {
    const capture = captured();
    capture.keyDown(CTRL);
    capture.keyDown(stroke('AltRight', 'AltGraph'));
    expect(capture.keyDown(stroke('KeyQ', '@'))).toBe(true);
    capture.keyUp(stroke('AltRight', 'AltGraph'));
    expect(capture.captured).toBe(true);
  });

  it('works right after the click that captured', () => {
    const capture = captureWith(RELATIVE);
    capture.pressButtons(LEFT, false);
    capture.pressButtons(0, true);
    capture.keyDown(CTRL);
    capture.keyDown(ALT);
    capture.keyUp(CTRL);
    expect(capture.captured).toBe(false);
  });

  it('can be one key of one side', () => {
    const capture = captured({ ...RELATIVE, releaseChord: ['ControlRight'] });
    capture.keyDown(CTRL);
    capture.keyUp(CTRL);
    expect(capture.captured).toBe(true);
    capture.keyDown(stroke('ControlRight', 'Control'));
    capture.keyUp(stroke('ControlRight', 'Control'));
    expect(capture.captured).toBe(false);
  });

  it('can be another chord', () => {
    const capture = captured({ ...RELATIVE, releaseChord: ['Control', 'Shift'] });
    capture.keyDown(CTRL);
    capture.keyDown(stroke('ShiftRight', 'Shift'));
    capture.keyUp(CTRL);
    expect(capture.captured).toBe(false);
  });
});

describe('letting go', () => {
  it('lets every key and button go, once', () => {
    const capture = captured();
    capture.keyDown(A);
    capture.pressButtons(LEFT, true);
    capture.release();
    capture.release();
    expect(sent.filter((e) => e.type === 'release-all')).toHaveLength(1);
    expect(capture.keyUp(A)).toBe(false);
  });

  it('happens when a dialog opens or the guest stalls', () => {
    const capture = captured();
    capture.configure({ ...RELATIVE, capturable: false });
    expect(capture.captured).toBe(false);
    expect(sent).toEqual([{ type: 'release-all' }]);
  });

  it('turns the Escape a browser took with the pointer lock into a key', () => {
    const capture = captured();
    capture.pointerLockLost();
    expect(capture.captured).toBe(true);
    expect(sent).toEqual([
      { type: 'key', code: 'Escape', down: true },
      { type: 'key', code: 'Escape', down: false },
    ]);
    capture.pressButtons(LEFT, false);
    expect(locks).toEqual(['lock', 'lock']);
  });
});

describe('motion', () => {
  it('is gathered until the next frame, fractions included', () => {
    const capture = captured();
    capture.moveBy(1.5, -2);
    capture.moveBy(2, 0.25);
    capture.turnWheel(1);
    capture.flush();
    capture.flush();
    capture.moveBy(0.5, 0);
    capture.flush();
    expect(sent).toEqual([
      { type: 'move', dx: 3, dy: -1, wheel: 1, buttons: 0 },
      { type: 'move', dx: 1, dy: 0, wheel: 0, buttons: 0 },
    ]);
  });

  it('is sent before a button changes', () => {
    const capture = captured();
    capture.moveBy(5, 5);
    capture.pressButtons(LEFT, true);
    expect(sent).toEqual([{ type: 'move', dx: 5, dy: 5, wheel: 0, buttons: LEFT }]);
  });

  it('is absolute, without capture or lock, where the guest wants it', () => {
    const capture = captureWith(ABSOLUTE);
    capture.moveTo(0.5, 2);
    capture.flush();
    capture.flush();
    expect(sent).toEqual([{ type: 'point', x: 32768, y: 65535, wheel: 0, buttons: 0 }]);
    capture.pressButtons(LEFT, false);
    expect(sent.at(-1)).toMatchObject({ type: 'point', buttons: LEFT });
    expect(capture.captured).toBe(true);
    expect(locks).toEqual([]);
  });

  it('unlocks the pointer when the guest turns to absolute positions', () => {
    const capture = captured();
    capture.configure(ABSOLUTE);
    expect(locks).toEqual(['lock', 'unlock']);
    capture.pointerLockLost();
    expect(sent).toEqual([]);
  });
});
