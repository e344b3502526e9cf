import { AnnexError } from '../../../shared/contract/errors.js';
import { guestOsOf, machineName, withLimits, type ForeignDisk, type ForeignMachine } from './foreign-machine.js';
import { child, children, descendants, parseXml, type XmlElement } from './xml.js';

/** A VirtualBox machine, `.vbox`: the settings schema that its documentation calls VirtualBox-settings. @throws AnnexError */
export function readVbox(text: string, name: string): ForeignMachine {
  const root = parseXml(text, name);
  const element = child(root, 'Machine');
  if (root.name !== 'VirtualBox' || element === undefined)
    throw new AnnexError('appliance-invalid', `“${name}” is no VirtualBox machine.`, { name });
  const hardware = child(element, 'Hardware');
  const machine: ForeignMachine = {
    name: machineName(element.attributes.get('name') ?? ''),
    notes: child(element, 'Description')?.text ?? '',
    memoryMiB: Math.max(1, Math.floor(numberOf(child(hardware, 'Memory'), 'RAMSize')) || 512),
    guestOs: guestOsOf(element.attributes.get('OSType') ?? ''),
    disks: disksOf(element, hardware, name),
    floppy: attachments(element, hardware).some((device) => device.attributes.get('type') === 'Floppy'),
    warnings: child(element, 'Snapshot') ? ['Its snapshots stay behind: only its present state is imported.'] : [],
  };
  const firmware = child(hardware, 'Firmware')?.attributes.get('type') ?? '';
  return withLimits(machine, numberOf(child(hardware, 'CPU'), 'count') || 1, /^EFI/i.test(firmware));
}

/** The controllers stand in the hardware since settings version 1.19, beside it before. Snapshots have ones of their own. */
function attachments(machine: XmlElement, hardware: XmlElement | undefined): XmlElement[] {
  const sections = [...children(machine, 'StorageControllers'), ...children(hardware, 'StorageControllers')];
  return sections.flatMap((section) => descendants(section, 'AttachedDevice'));
}

function disksOf(machine: XmlElement, hardware: XmlElement | undefined, name: string): ForeignDisk[] {
  const registry = child(child(machine, 'MediaRegistry'), 'HardDisks');
  const locations = new Map(
    (registry ? descendants(registry, 'HardDisk') : []).map(({ attributes }) => [
      attributes.get('uuid') ?? '',
      attributes.get('location') ?? '',
    ]),
  );
  return attachments(machine, hardware)
    .filter((device) => device.attributes.get('type') === 'HardDisk')
    .map((device): ForeignDisk => {
      const uuid = child(device, 'Image')?.attributes.get('uuid') ?? '';
      const location = locations.get(uuid);
      if (location === undefined || location === '')
        throw new AnnexError('appliance-invalid', `“${name}” does not say where the disk ${uuid} is.`, { name });
      return { kind: 'file', name: location };
    });
}

function numberOf(element: XmlElement | undefined, attribute: string): number {
  const value = Number(element?.attributes.get(attribute));
  return Number.isFinite(value) ? value : 0;
}
