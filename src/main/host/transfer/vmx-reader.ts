import { AnnexError } from '../../../shared/contract/errors.js';
import { guestOsOf, machineName, withLimits, type ForeignDisk, type ForeignMachine } from './foreign-machine.js';

/** Bounds on what a hostile file can make us keep. */
const MAX_TEXT = 1 << 20;
/** Buses in the order a machine looks for disks on them. */
const BUSES = ['ide', 'sata', 'scsi', 'nvme'] as const;
/** Names that stand for a CD-ROM drive's medium: an image, the host's drive, or whichever drive there is. */
const MEDIA = /^(?:auto detect|\/dev\/.*|[a-z]:|.*\.iso|)$/i;

/** A VMware `.vmx` file: lines `key = "value"`. @throws AnnexError `appliance-invalid` */
export function readVmx(text: string, name: string): ForeignMachine {
  const fields = text.length > MAX_TEXT ? new Map<string, string>() : fieldsOf(text);
  const memory = fields.get('memsize');
  if (!fields.has('config.version') && memory === undefined && !fields.has('displayname'))
    throw new AnnexError('appliance-invalid', `“${name}” is no VMware configuration.`, { name });
  const machine: ForeignMachine = {
    name: machineName(fields.get('displayname') ?? name.replace(/\.vmx$/i, '')),
    notes: (fields.get('annotation') ?? '').replace(/\|([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    memoryMiB: Math.max(1, Math.floor(Number(memory)) || 256),
    guestOs: guestOsOf(fields.get('guestos') ?? ''),
    disks: disksOf(fields),
    floppy: isTrue(fields.get('floppy0.present')),
    warnings: [],
  };
  return withLimits(machine, Number(fields.get('numvcpus')) || 1, fields.get('firmware')?.toLowerCase() === 'efi');
} // prettier-ignore

/** Keys in lower case: VMware does not tell them apart. */
function fieldsOf(text: string): Map<string, string> {
  const fields = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    const [, key, value] = /^\s*([\w.:-]+)\s*=\s*"([^"]*)"\s*$/.exec(line) ?? [];
    if (key !== undefined) fields.set(key.toLowerCase(), value!);
  }
  return fields;
}

function disksOf(fields: ReadonlyMap<string, string>): ForeignDisk[] {
  const places = [...fields.keys()].flatMap((key) => {
    const [, bus, controller, unit] = /^(ide|sata|scsi|nvme)(\d{1,2}):(\d{1,3})\.filename$/.exec(key) ?? [];
    if (bus === undefined) return [];
    return [{ id: `${bus}${controller}:${unit}`, order: [BUSES.indexOf(bus as (typeof BUSES)[number]), Number(controller), Number(unit)] }];
  });
  places.sort((a, b) => a.order[0]! - b.order[0]! || a.order[1]! - b.order[1]! || a.order[2]! - b.order[2]!);
  return places
    .filter(({ id }) => isTrue(fields.get(`${id}.present`) ?? 'TRUE') && isDisk(fields, id))
    .map(({ id }) => ({ kind: 'file', name: fields.get(`${id}.filename`)! }));
} // prettier-ignore

/** Without a type it is a disk, whatever its name; what is in the file is seen when it is opened. */
function isDisk(fields: ReadonlyMap<string, string>, id: string): boolean {
  const type = fields.get(`${id}.devicetype`)?.toLowerCase();
  if (type !== undefined && type !== '') return type.includes('disk');
  return !MEDIA.test(fields.get(`${id}.filename`)!);
}

const isTrue = (value: string | undefined): boolean => value?.toLowerCase() === 'true';
