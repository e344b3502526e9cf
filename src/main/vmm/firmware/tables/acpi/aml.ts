/** A piece of AML byte code (ACPI 6.5, chapter 20). */
export type Aml = readonly number[];

const OP = {
  zero: 0x00, one: 0x01, alias: 0x06, name: 0x08, byte: 0x0a, word: 0x0b, dword: 0x0c, string: 0x0d, scope: 0x10, buffer: 0x11, package: 0x12,
  method: 0x14, dualName: 0x2e, multiName: 0x2f, extended: 0x5b, root: 0x5c, parent: 0x5e, local0: 0x60, arg0: 0x68, store: 0x70,
  and: 0x7b, or: 0x7d, createDwordField: 0x8a, if: 0xa0, else: 0xa1, return: 0xa4, ones: 0xff,
} as const; // prettier-ignore
const EXTENDED = { operationRegion: 0x80, field: 0x81, device: 0x82 } as const;

/** PkgLength (20.2.4): counts itself and what follows. */
function withLength(body: Aml): Aml {
  const total = (extra: number): number => body.length + extra;
  if (total(1) < 0x40) return [total(1), ...body];
  for (const bytes of [2, 3, 4]) {
    const length = total(bytes);
    if (length >= 1 << (4 + 8 * (bytes - 1))) continue;
    const rest = Array.from({ length: bytes - 1 }, (_, i) => (length >> (4 + 8 * i)) & 0xff);
    return [((bytes - 1) << 6) | (length & 0x0f), ...rest, ...body];
  }
  throw new RangeError('AML object is too long');
}

/** A name segment: up to four characters, padded with underscores. */
function segment(name: string): Aml {
  if (!/^[A-Z_][A-Z0-9_]{0,3}$/.test(name)) throw new RangeError(`${name} is no AML name`);
  return Array.from(name.padEnd(4, '_'), (c) => c.charCodeAt(0));
}

/** A path such as `\_SB.PCI0`, `^LNKA` or `_CRS`. */
export function path(text: string): Aml {
  const [, root, parents, rest] = /^(\\?)(\^*)(.*)$/.exec(text)!;
  const segments = rest === '' ? [] : rest!.split('.');
  const prefix = [...(root ? [OP.root] : []), ...Array.from(parents!, () => OP.parent)];
  const count = segments.length;
  const lead = count === 0 ? [0] : count === 1 ? [] : count === 2 ? [OP.dualName] : [OP.multiName, count];
  return [...prefix, ...lead, ...segments.flatMap(segment)];
}

const littleEndian = (value: number, bytes: number): Aml =>
  Array.from({ length: bytes }, (_, i) => (value >>> (8 * i)) & 0xff);

export function integer(value: number): Aml {
  if (value === 0) return [OP.zero];
  if (value === 1) return [OP.one];
  if (value <= 0xff) return [OP.byte, value];
  if (value <= 0xffff) return [OP.word, ...littleEndian(value, 2)];
  return [OP.dword, ...littleEndian(value, 4)];
}

export const string = (text: string): Aml => [OP.string, ...Array.from(text, (c) => c.charCodeAt(0)), 0];
export const buffer = (bytes: Aml): Aml => [OP.buffer, ...withLength([...integer(bytes.length), ...bytes])];
export const packageOf = (...elements: readonly Aml[]): Aml => [
  OP.package,
  ...withLength([elements.length, ...elements.flat()]),
];
export const name = (text: string, value: Aml): Aml => [OP.name, ...path(text), ...value];
export const scope = (text: string, ...body: readonly Aml[]): Aml => [
  OP.scope,
  ...withLength([...path(text), ...body.flat()]),
];

export const device = (text: string, ...body: readonly Aml[]): Aml =>
  [OP.extended, EXTENDED.device, ...withLength([...path(text), ...body.flat()])]; // prettier-ignore

/** Serialised methods may create names. */
export const method = (text: string, options: { args?: number; serialized?: boolean }, ...body: readonly Aml[]): Aml =>
  [OP.method, ...withLength([...path(text), (options.args ?? 0) | (options.serialized ? 8 : 0), ...body.flat()])]; // prettier-ignore

export const argument = (index: number): Aml => [OP.arg0 + index];
export const returns = (value: Aml): Aml => [OP.return, ...value];
export const store = (value: Aml, target: Aml): Aml => [OP.store, ...value, ...target];
export const and = (a: Aml, b: Aml, target: Aml = [0]): Aml => [OP.and, ...a, ...b, ...target];
export const or = (a: Aml, b: Aml, target: Aml = [0]): Aml => [OP.or, ...a, ...b, ...target];
export const ifElse = (condition: Aml, then: Aml, otherwise: Aml): Aml =>
  [OP.if, ...withLength([...condition, ...then]), OP.else, ...withLength(otherwise)]; // prettier-ignore
export const createDwordField = (source: Aml, index: number, field: string): Aml =>
  [OP.createDwordField, ...source, ...integer(index), ...path(field)]; // prettier-ignore

const REGION_PCI_CONFIG = 2;
const FIELD_BYTE_ACCESS = 1;

export const pciConfigRegion = (text: string, offset: number, length: number): Aml =>
  [OP.extended, EXTENDED.operationRegion, ...path(text), REGION_PCI_CONFIG, ...integer(offset), ...integer(length)]; // prettier-ignore

/** Named bytes of a region, in order. */
export const byteFields = (region: string, names: readonly string[]): Aml =>
  [OP.extended, EXTENDED.field, ...withLength([...path(region), FIELD_BYTE_ACCESS, ...names.flatMap((n) => [...segment(n), 8])])]; // prettier-ignore

/** A compressed EISA identifier such as `PNP0A03` (19.3.4). */
export function eisaId(id: string): Aml {
  const letters = Array.from(id.slice(0, 3), (c) => c.charCodeAt(0) - 0x40);
  const product = parseInt(id.slice(3), 16);
  const maker = (letters[0]! << 10) | (letters[1]! << 5) | letters[2]!;
  return [OP.dword, maker >> 8, maker & 0xff, product >> 8, product & 0xff];
}
