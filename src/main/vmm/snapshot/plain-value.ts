import { damaged } from './state-error.js';

/**
 * Device states as text: JSON, in which big integers, bytes and what JSON has no word for are objects with one key that
 * starts with '$'. Keyed throughout, so that a state says what its parts are.
 */
const BIG = '$big';
const BYTES = '$bytes';
const NUMBER = '$number';
const UNDEFINED = '$undefined';

/** Deepest nesting read back: states are shallow, hostile text need not be. */
const MAX_DEPTH = 32;
const BYTES_A_CALL = 0x8000;

export function encodePlain(value: unknown): string {
  return JSON.stringify(tag(value));
}

/** @throws StateError `damaged` */
export function decodePlain(text: string): unknown {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw damaged('its device states are no JSON', error);
  }
  return untag(parsed, 0);
}

function tag(value: unknown): unknown {
  switch (typeof value) {
    case 'bigint':
      return { [BIG]: value.toString() };
    case 'number':
      return Number.isFinite(value) && !Object.is(value, -0)
        ? value
        : { [NUMBER]: Object.is(value, -0) ? '-0' : String(value) };
    case 'undefined':
      return { [UNDEFINED]: true };
    case 'object':
      if (value === null) return null;
      if (value instanceof Uint8Array) return { [BYTES]: toBase64(value) };
      if (Array.isArray(value)) return value.map(tag);
      return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, tag(part)]));
    default:
      return value;
  }
}

function untag(value: unknown, depth: number): unknown {
  if (depth > MAX_DEPTH) throw damaged('its device states are nested too deeply');
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((part) => untag(part, depth + 1));
  const entries = Object.entries(value);
  const [first] = entries;
  if (entries.length === 1 && first![0].startsWith('$')) return untagged(first![0], first![1]);
  // Not by assignment: a key '__proto__' must stay a key.
  return Object.fromEntries(entries.map(([key, part]) => [key, untag(part, depth + 1)]));
}

function untagged(kind: string, content: unknown): unknown {
  if (kind === UNDEFINED) return undefined;
  if (typeof content === 'string') {
    if (kind === BIG && /^-?\d{1,40}$/.test(content)) return BigInt(content);
    if (kind === NUMBER && ['Infinity', '-Infinity', 'NaN', '-0'].includes(content)) return Number(content);
    if (kind === BYTES) return fromBase64(content);
  }
  throw damaged('its device states hold a value of an unknown kind');
}

function toBase64(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += BYTES_A_CALL) {
    text += String.fromCharCode(...bytes.subarray(at, at + BYTES_A_CALL));
  }
  return btoa(text);
}

function fromBase64(text: string): Uint8Array {
  try {
    return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
  } catch (error) {
    throw damaged('its device states hold bytes that are not base64', error);
  }
}
