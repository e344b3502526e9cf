import { damagedVmdk, unsupportedVmdk } from './vmdk-errors.js';

/** The text that describes a disk: VMware, "Virtual Disk Format 5.0", section "The Descriptor File". */

export const DESCRIPTOR_START = '# Disk DescriptorFile';
/** Larger ones are no descriptors. */
export const MAX_DESCRIPTOR_BYTES = 1 << 20;
const MAX_EXTENTS = 2048;

/** Content id of a parent that there is not. */
const NO_PARENT = 'ffffffff';

const CREATE_TYPES = [
  'monolithicSparse',
  'monolithicFlat',
  'twoGbMaxExtentSparse',
  'twoGbMaxExtentFlat',
  'streamOptimized',
  'vmfs',
] as const;
export type CreateType = (typeof CREATE_TYPES)[number];

const EXTENT_KINDS = { SPARSE: 'sparse', FLAT: 'flat', VMFS: 'flat', ZERO: 'zero' } as const;

export interface ExtentLine {
  readonly kind: 'sparse' | 'flat' | 'zero';
  readonly writable: boolean;
  readonly sectors: number;
  /** File that holds the extent; empty for zeros. */
  readonly name: string;
  /** Where a flat extent begins in its file, in sectors. */
  readonly offset: number;
}

export interface Descriptor {
  readonly createType: CreateType;
  /** Content id, eight hexadecimal digits: changes with the content. */
  readonly contentId: string;
  readonly parent: { readonly name: string; readonly contentId: string } | undefined;
  readonly extents: readonly ExtentLine[];
  /** Where the digits of the content id are in the text, in bytes; `undefined` if they are not eight. */
  readonly contentIdAt: number | undefined;
}

/** @throws ImageError */
export function parseDescriptor(bytes: Uint8Array): Descriptor {
  const text = latin1(bytes);
  if (!text.startsWith(DESCRIPTOR_START)) throw damagedVmdk('its descriptor is missing');
  const fields = new Map<string, string>();
  const extents: ExtentLine[] = [];
  for (const line of text.split(/\r\n|\n|\r/)) {
    const extent = parseExtent(line);
    if (extent) extents.push(extent);
    const [, key, value] = /^\s*([\w.]+)\s*=\s*"?([^"]*?)"?\s*$/.exec(line) ?? [];
    if (key !== undefined) fields.set(key.toLowerCase(), value!);
  }
  if (extents.length > MAX_EXTENTS) throw damagedVmdk(`it has ${extents.length} extents`);
  const contentIdAt = /^CID=([0-9a-fA-F]{8})[ \t]*\r?$/m.exec(text);
  return {
    createType: createTypeOf(fields.get('createtype') ?? ''),
    contentId: contentIdOf(fields.get('cid')),
    parent: parentOf(fields),
    extents,
    contentIdAt: contentIdAt ? contentIdAt.index + 'CID='.length : undefined,
  };
}

function parseExtent(line: string): ExtentLine | undefined {
  const match = /^\s*(RW|RDONLY|NOACCESS)\s+(\d{1,15})\s+([A-Z]+)(?:\s+"([^"]*)"(?:\s+(\d{1,15}))?)?\s*/.exec(line);
  if (!match) return undefined;
  const [, access, sectors, type, name = '', offset = '0'] = match;
  const kind = EXTENT_KINDS[type as keyof typeof EXTENT_KINDS] as ExtentLine['kind'] | undefined;
  if (kind === undefined) throw unsupportedVmdk(`has an extent of type ${type}`);
  if (access === 'NOACCESS') throw unsupportedVmdk('has an extent that may not be read');
  if (kind !== 'zero' && name === '') throw damagedVmdk('an extent has no file');
  return { kind, writable: access === 'RW', sectors: Number(sectors), name: utf8(name), offset: Number(offset) };
}

function createTypeOf(text: string): CreateType {
  const found = CREATE_TYPES.find((type) => type.toLowerCase() === text.toLowerCase());
  if (found === undefined) throw unsupportedVmdk(`is of type “${text.slice(0, 40)}”`);
  return found;
}

function contentIdOf(text: string | undefined): string {
  return (text ?? '').toLowerCase().replace(/^0+(?=.)/, '').padStart(8, '0');
} // prettier-ignore

function parentOf(fields: ReadonlyMap<string, string>): Descriptor['parent'] {
  const contentId = contentIdOf(fields.get('parentcid') ?? NO_PARENT);
  if (contentId === NO_PARENT) return undefined;
  const name = fields.get('parentfilenamehint');
  if (name === undefined || name === '') throw damagedVmdk('it builds on a disk it does not name');
  return { name: utf8(name), contentId };
}

/** The content id after a change. */
export function nextContentId(contentId: string): string {
  const next = (Number.parseInt(contentId, 16) + 1) % 0xffff_fffe;
  return next.toString(16).padStart(8, '0');
}

/** Descriptor of a new disk in one file. */
export function encodeDescriptor(
  createType: 'monolithicSparse' | 'streamOptimized',
  sectors: number,
  contentId: string,
): Uint8Array {
  const { cylinders, heads, sectorsPerTrack } = ideGeometry(sectors);
  const text = `${DESCRIPTOR_START}
version=1
CID=${contentId}
parentCID=${NO_PARENT}
createType="${createType}"

# Extent description
${createType === 'streamOptimized' ? 'RDONLY' : 'RW'} ${sectors} SPARSE "disk.vmdk"

# The Disk Data Base
#DDB

ddb.virtualHWVersion = "4"
ddb.geometry.cylinders = "${cylinders}"
ddb.geometry.heads = "${heads}"
ddb.geometry.sectors = "${sectorsPerTrack}"
ddb.adapterType = "ide"
`;
  return Uint8Array.from(text, (char) => char.charCodeAt(0));
}

/** The text of a disk in one sparse extent with another size, as long as it was. @returns `undefined` if it has no room */
export function withSectors(bytes: Uint8Array, sectors: number): Uint8Array | undefined {
  const text = latin1(bytes).replace(/^(\s*RW\s+)\d+(\s+SPARSE\b)/m, `$1${sectors}$2`);
  if (text.length > bytes.length) return undefined;
  const changed = new Uint8Array(bytes.length);
  for (let i = 0; i < text.length; i++) changed[i] = text.charCodeAt(i);
  return changed;
}

/** What IDE disks tell of themselves in CHS (ATA/ATAPI-5, word 1 of IDENTIFY DEVICE and on). */
function ideGeometry(sectors: number): { cylinders: number; heads: number; sectorsPerTrack: number } {
  return { cylinders: Math.min(16_383, Math.floor(sectors / (16 * 63))), heads: 16, sectorsPerTrack: 63 };
}

/** One character a byte, so that places in the text are places in the file. */
function latin1(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 4096) text += String.fromCharCode(...bytes.subarray(at, at + 4096));
  const end = text.indexOf('\0');
  return end < 0 ? text : text.slice(0, end);
}

function utf8(text: string): string {
  return new TextDecoder().decode(Uint8Array.from(text, (char) => char.charCodeAt(0)));
}
