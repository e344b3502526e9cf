import { AnnexError } from '../../../shared/contract/errors.js';
import { guestOsOf, machineName, withLimits, type ForeignDisk, type ForeignMachine } from './foreign-machine.js';
import { child, children, descendants, parseXml, type XmlElement } from './xml.js';

/**
 * Open Virtualization Format descriptors: DMTF DSP0243, versions 1 and 2; elements are told by their local names, since
 * programs differ in namespaces. Hardware items: CIM_ResourceAllocationSettingData (DSP8023).
 */
const RESOURCE = { processor: 3, memory: 4, ideController: 5, floppy: 14, cdrom: 15, disk: 17, disk2: 31 } as const;

export interface OvfDescription {
  readonly machine: ForeignMachine;
  /** Files the descriptor refers to, by the name it has for them. */
  readonly files: readonly string[];
}

interface OvfDisk {
  readonly fileRef: string | undefined;
  readonly capacity: number;
}

/** @throws AnnexError `appliance-invalid`, `not-supported` */
export function readOvf(text: string, name: string): OvfDescription {
  const envelope = parseXml(text, name);
  if (envelope.name !== 'Envelope') throw invalidOvf(name, 'it is no OVF description');
  const systems = descendants(envelope, 'VirtualSystem');
  if (systems.length !== 1)
    throw new AnnexError('not-supported', `“${name}” holds ${systems.length} machines; one at a time can be imported.`, {
      name,
    });
  const files = fileNames(envelope, name);
  const system = systems[0]!;
  const hardware = child(system, 'VirtualHardwareSection');
  const items = hardware?.children.filter((one) => /^(Storage|EthernetPort)?Item$/.test(one.name)) ?? [];
  const ofType = (...types: number[]): XmlElement[] => items.filter((item) => types.includes(numberIn(item, 'ResourceType')));
  const memory = ofType(RESOURCE.memory)[0];
  const disks = disksOf(envelope, ofType(RESOURCE.disk, RESOURCE.disk2), files, name);
  const machine: ForeignMachine = {
    name: machineName(child(system, 'Name')?.text ?? system.attributes.get('id') ?? ''),
    notes: child(child(system, 'AnnotationSection'), 'Annotation')?.text ?? '',
    memoryMiB: memory ? memoryMiB(memory) : 512,
    guestOs: guestOsOf(systemText(system)),
    disks,
    floppy: ofType(RESOURCE.floppy).length > 0,
    warnings: [],
  };
  const cpus = Math.max(1, numberIn(ofType(RESOURCE.processor)[0], 'VirtualQuantity') || 1);
  return { machine: withLimits(machine, cpus, wantsEfi(envelope)), files: [...files.values()] };
} // prettier-ignore

/** VMware's and VirtualBox's extensions say so in attributes: `<vmw:Config vmw:key="firmware" vmw:value="efi"/>`, `<Firmware type="EFI"/>`. */
function wantsEfi(envelope: XmlElement): boolean {
  const configs = descendants(envelope, 'Config').filter(({ attributes }) => attributes.get('key') === 'firmware');
  return [...configs.map(({ attributes }) => attributes.get('value')), ...descendants(envelope, 'Firmware').map(({ attributes }) => attributes.get('type'))]
    .some((value) => /^efi/i.test(value ?? ''));
} // prettier-ignore

/** Names of files by the ids that disks refer to them with. */
function fileNames(envelope: XmlElement, name: string): Map<string, string> {
  const names = new Map<string, string>();
  for (const file of children(child(envelope, 'References'), 'File')) {
    const [id, href] = [file.attributes.get('id'), file.attributes.get('href')];
    if (id === undefined || href === undefined) throw invalidOvf(name, 'a file reference is incomplete');
    if (file.attributes.has('compression') && file.attributes.get('compression') !== 'identity')
      throw new AnnexError('not-supported', `“${href}” is compressed. Unpack it, then import again.`, { name: href });
    names.set(id, href);
  }
  return names;
}

function disksOf(
  envelope: XmlElement,
  items: readonly XmlElement[],
  files: ReadonlyMap<string, string>,
  name: string,
): ForeignDisk[] {
  const known = new Map<string, OvfDisk>();
  for (const disk of children(child(envelope, 'DiskSection'), 'Disk')) {
    const capacity =
      Number(disk.attributes.get('capacity')) * unitBytes(disk.attributes.get('capacityAllocationUnits'));
    const fileRef = disk.attributes.get('fileRef');
    known.set(disk.attributes.get('diskId') ?? '', { fileRef, capacity });
  }
  return [...items].sort(byPlace).map((item): ForeignDisk => {
    const [, kind, id] = /^(?:ovf:)?\/(disk|file)\/(.+)$/.exec(child(item, 'HostResource')?.text ?? '') ?? [];
    const disk = kind === 'disk' ? known.get(id!) : { fileRef: id, capacity: 0 };
    if (disk === undefined) throw invalidOvf(name, `it has no disk “${id}”`);
    if (disk.fileRef === undefined && disk.capacity > 0)
      return { kind: 'empty', sizeBytes: Math.ceil(disk.capacity / 512) * 512 };
    const file = files.get(disk.fileRef ?? '');
    if (file === undefined) throw invalidOvf(name, 'a disk refers to no file');
    return { kind: 'file', name: file };
  });
}

/** The order in which a controller shows its disks. */
function byPlace(a: XmlElement, b: XmlElement): number {
  return (
    numberIn(a, 'Parent') - numberIn(b, 'Parent') || numberIn(a, 'AddressOnParent') - numberIn(b, 'AddressOnParent')
  );
}

function memoryMiB(item: XmlElement): number {
  const bytes = numberIn(item, 'VirtualQuantity') * unitBytes(child(item, 'AllocationUnits')?.text ?? 'byte * 2^20');
  return Math.max(1, Math.round(bytes / 2 ** 20)) || 512;
}

/** `byte * 2^20` (DSP0004, annex C), and the words older descriptors use. */
function unitBytes(unit: string | undefined): number {
  const text = (unit ?? 'byte').trim().toLowerCase();
  const [, base, exponent] = /^bytes?\s*\*\s*(2|10)\s*\^\s*(\d{1,2})$/.exec(text) ?? [];
  if (base !== undefined) return Number(base) ** Number(exponent);
  const words: Readonly<Record<string, number>> = { kilobytes: 2 ** 10, kb: 2 ** 10, megabytes: 2 ** 20, mb: 2 ** 20, gigabytes: 2 ** 30, gb: 2 ** 30 };
  return words[text] ?? 1;
} // prettier-ignore

function systemText(system: XmlElement): string {
  const section = child(system, 'OperatingSystemSection');
  const type = section?.attributes.get('osType') ?? child(section, 'OSType')?.text ?? '';
  return `${child(section, 'Description')?.text ?? ''} ${type}`.trim();
}

function numberIn(item: XmlElement | undefined, name: string): number {
  const value = Number(child(item, name)?.text ?? Number.NaN);
  return Number.isFinite(value) ? value : 0;
}

function invalidOvf(name: string, why: string): AnnexError {
  return new AnnexError('appliance-invalid', `“${name}” cannot be imported: ${why}.`, { name });
}
