/** GUIDs as files hold them: 16 bytes, the first three fields little endian ([MS-DTYP] 2.3.4.2). */
const FIELD_ORDER = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];
export const GUID_BYTES = 16;

/** @param text `2DC27766-F623-4200-9D64-115E9BFD4A08`, braces allowed; anything else gives a GUID that equals none */
export function guidBytes(text: string): Uint8Array {
  const digits = text.replace(/[{}-]/g, '');
  return Uint8Array.from(FIELD_ORDER, (i) => Number.parseInt(digits.slice(i * 2, i * 2 + 2), 16));
}

export function guidText(bytes: Uint8Array, at: number): string {
  const hex = FIELD_ORDER.map((i) => bytes[at + i]!.toString(16).padStart(2, '0')).join('');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-').toUpperCase();
} // prettier-ignore

export function isZeroGuid(guid: Uint8Array): boolean {
  return guid.every((byte) => byte === 0);
}

/** Another GUID made from one: random ones never meet it. */
export function nextGuid(guid: Uint8Array): Uint8Array {
  const next = guid.slice();
  for (let i = GUID_BYTES - 1; i >= 0; i--) {
    next[i] = (next[i]! + 1) & 0xff;
    if (next[i] !== 0) break;
  }
  return isZeroGuid(next) ? nextGuid(next) : next;
}
