import { KEY_CODES, type InputEvent, type KeyCode } from '../../../../shared/contract/input.js';
import { ReleaseChord } from './release-chord.js';

/** A key as a keyboard event describes it. */
export interface KeyStroke {
  readonly code: string;
  readonly key: string;
  readonly repeat: boolean;
}

export interface CaptureOptions {
  /** Keyboard and mouse may be taken: no dialog is open, the guest takes input. */
  readonly capturable: boolean;
  /** The guest takes absolute positions: the pointer is never locked. */
  readonly absolute: boolean;
  readonly releaseChord: readonly string[];
}

/** What the capture does to the page. */
export interface CaptureHost {
  send(events: readonly InputEvent[]): void;
  lockPointer(): void;
  unlockPointer(): void;
  capturedChanged(captured: boolean): void;
}

/** Keys that always stay with the application. */
const APPLICATION_KEYS: ReadonlySet<string> = new Set(['F11']);
const KNOWN_CODES: ReadonlySet<string> = new Set(KEY_CODES);
const MAX_MOVE = 32767;
const MAX_WHEEL = 127;

/**
 * Who has keyboard and mouse: the page or the guest. Knows nothing of the DOM. Whatever ends a capture, the guest is told
 * to let every key and button go, so that nothing stays pressed.
 */
export class InputCapture {
  private isCaptured = false;
  private chord: ReleaseChord;
  private readonly keysDown = new Set<KeyCode>();
  private buttons = 0;
  /** The click that took the pointer belongs to the page until its buttons are up. */
  private swallowingClick = false;
  private dx = 0;
  private dy = 0;
  private position: { x: number; y: number } | undefined;
  private positionChanged = false;
  private wheel = 0;

  constructor(
    private readonly host: CaptureHost,
    private options: CaptureOptions,
  ) {
    this.chord = new ReleaseChord(options.releaseChord);
  }

  get captured(): boolean {
    return this.isCaptured;
  }

  configure(options: CaptureOptions): void {
    if (options.releaseChord.join() !== this.options.releaseChord.join()) {
      this.chord = new ReleaseChord(options.releaseChord);
    }
    const becameAbsolute = options.absolute && !this.options.absolute;
    this.options = options;
    if (!options.capturable) this.release();
    else if (becameAbsolute) this.host.unlockPointer();
  }

  capture(): void {
    if (this.isCaptured || !this.options.capturable) return;
    this.isCaptured = true;
    this.chord.reset();
    if (!this.options.absolute) this.host.lockPointer();
    this.host.capturedChanged(true);
  }

  release(): void {
    if (!this.isCaptured) return;
    this.isCaptured = false;
    this.forget();
    this.host.send([{ type: 'release-all' }]);
    this.host.unlockPointer();
    this.host.capturedChanged(false);
  }

  /** @returns whether the key was the guest's, so that the page must not act on it */
  keyDown(stroke: KeyStroke): boolean {
    if (!this.isCaptured || APPLICATION_KEYS.has(stroke.code)) return false;
    if (this.chord.complete && !this.chord.includes(stroke)) {
      this.chord.spoil();
      return false;
    }
    this.chord.press(stroke, this.keysOutsideChord());
    if (stroke.repeat || !isKeyCode(stroke.code)) return true;
    this.keysDown.add(stroke.code);
    this.sendKey(stroke.code, true);
    return true;
  }

  /** @returns whether the key was the guest's */
  keyUp(stroke: KeyStroke): boolean {
    if (!this.isCaptured) return false;
    const released = this.chord.letGo(stroke);
    const sent = isKeyCode(stroke.code) && this.keysDown.delete(stroke.code);
    if (sent) this.sendKey(stroke.code as KeyCode, false);
    if (released) this.release();
    return sent;
  }

  /** The browser took the pointer lock away; it does so for Escape, which it keeps to itself. */
  pointerLockLost(): void {
    if (!this.isCaptured || this.options.absolute) return;
    this.sendKey('Escape', true);
    this.sendKey('Escape', false);
  }

  /**
   * Buttons changed over the screen.
   * @param buttons as in `MouseEvent.buttons`, which is the contract's order too
   * @param locked the pointer is locked to the screen
   */
  pressButtons(buttons: number, locked: boolean): void {
    if (!this.options.capturable) return;
    const pressed = (buttons & ~this.buttons) !== 0;
    if (pressed && (!this.isCaptured || (!this.options.absolute && !locked))) {
      this.swallowingClick = !this.options.absolute;
      if (this.isCaptured) this.host.lockPointer();
      else this.capture();
    }
    if (pressed) this.chord.spoil();
    this.buttons = buttons & 31;
    if (this.swallowingClick) this.swallowingClick = buttons !== 0;
    else this.flush(true);
  }

  moveBy(dx: number, dy: number): void {
    if (!this.isCaptured || this.options.absolute) return;
    this.dx += dx;
    this.dy += dy;
  }

  /** @param x 0…1 over the width of the screen @param y 0…1 over its height */
  moveTo(x: number, y: number): void {
    if (!this.options.absolute || !this.options.capturable) return;
    this.position = { x: fraction(x), y: fraction(y) };
    this.positionChanged = true;
  }

  /** @param notches positive toward the person */
  turnWheel(notches: number): void {
    if (this.isCaptured) this.wheel += notches;
  }

  /** Sends motion gathered since the last call; to be called once an animation frame. */
  flush(buttonsChanged = false): void {
    const wheel = clampWhole(this.wheel, MAX_WHEEL);
    if (this.options.absolute) this.flushPosition(wheel, buttonsChanged);
    else this.flushMotion(wheel, buttonsChanged);
    this.wheel -= wheel;
  }

  private flushPosition(wheel: number, force: boolean): void {
    if (!this.position || (!this.positionChanged && wheel === 0 && !force)) return;
    this.positionChanged = false;
    this.host.send([{ type: 'point', ...this.position, wheel, buttons: this.buttons }]);
  }

  private flushMotion(wheel: number, force: boolean): void {
    const dx = clampWhole(this.dx, MAX_MOVE);
    const dy = clampWhole(this.dy, MAX_MOVE);
    if (!this.isCaptured || (dx === 0 && dy === 0 && wheel === 0 && !force)) return;
    this.dx -= dx;
    this.dy -= dy;
    this.host.send([{ type: 'move', dx, dy, wheel, buttons: this.buttons }]);
  }

  private sendKey(code: KeyCode, down: boolean): void {
    this.host.send([{ type: 'key', code, down }]);
  }

  private keysOutsideChord(): boolean {
    return [...this.keysDown].some((code) => !this.chord.includes({ code, key: code.replace(/(Left|Right)$/, '') }));
  }

  private forget(): void {
    this.keysDown.clear();
    this.chord.reset();
    this.buttons = 0;
    this.dx = this.dy = this.wheel = 0;
    this.positionChanged = false;
    this.swallowingClick = false;
  }
}

function isKeyCode(code: string): code is KeyCode {
  return KNOWN_CODES.has(code);
}

/** The whole part, within ±limit; what is left over stays with the caller for the next time. */
function clampWhole(value: number, limit: number): number {
  return Math.max(-limit, Math.min(limit, Math.trunc(value))) || 0;
}

function fraction(value: number): number {
  return Math.round(Math.max(0, Math.min(1, value)) * 65535);
}
