import { KEY_CODES, type InputEvent, type KeyCode } from '../../shared/contract/input.js';
import { nearest, UsageError } from './usage-error.js';

/** Names people use for keys, besides the codes themselves. */
const ALIASES: Readonly<Record<string, KeyCode>> = {
  ctrl: 'ControlLeft', control: 'ControlLeft', alt: 'AltLeft', altgr: 'AltRight', shift: 'ShiftLeft',
  meta: 'MetaLeft', super: 'MetaLeft', win: 'MetaLeft', cmd: 'MetaLeft', menu: 'ContextMenu',
  esc: 'Escape', return: 'Enter', ret: 'Enter', del: 'Delete', ins: 'Insert', bs: 'Backspace', spc: 'Space',
  up: 'ArrowUp', down: 'ArrowDown', left: 'ArrowLeft', right: 'ArrowRight', pgup: 'PageUp', pgdn: 'PageDown',
  minus: 'Minus', equal: 'Equal', comma: 'Comma', dot: 'Period', slash: 'Slash', backslash: 'Backslash',
}; // prettier-ignore

const CODES: ReadonlyMap<string, KeyCode> = new Map([
  ...KEY_CODES.map((code): [string, KeyCode] => [code.toLowerCase(), code]),
  ...KEY_CODES.filter((code) => /^(Key.|Digit.)$/.test(code)).map((code): [string, KeyCode] => [
    code.at(-1)!.toLowerCase(),
    code,
  ]),
  ...Object.entries(ALIASES),
]);

/** `ctrl+alt+delete` as presses in order and releases in reverse. @throws UsageError for a key there is not */
export function chord(text: string): InputEvent[] {
  const codes = text.split('+').map(codeOf);
  const events = (down: boolean, keys: readonly KeyCode[]): InputEvent[] =>
    keys.map((code) => ({ type: 'key', code, down }));
  return [...events(true, codes), ...events(false, codes.toReversed())];
}

function codeOf(name: string): KeyCode {
  const code = CODES.get(name.trim().toLowerCase());
  if (code) return code;
  const guess = nearest(name.toLowerCase(), [...CODES.keys()]);
  throw new UsageError(`There is no key "${name}".${guess === undefined ? '' : ` Did you mean "${guess}"?`}`);
}
