import type { GuestOs, MachineConfig } from '../../../shared/config/machine-config.js';
import { escapeXml } from './xml.js';

/** DMTF DSP0243 1.1: the version every importer reads. Names of types and formats as its tables have them. */
const STREAM_OPTIMIZED = 'http://www.vmware.com/interfaces/specifications/vmdk.html#streamOptimized';

/** CIM_OperatingSystem.OSType (DSP CIM schema 2.22): what an OVF descriptor calls systems. */
const SYSTEM_IDS: Readonly<Record<GuestOs, number>> = {
  debian: 95,
  ubuntu: 93,
  fedora: 36,
  alpine: 36,
  arch: 36,
  linux: 36,
  freebsd: 42,
  openbsd: 65,
  netbsd: 43,
  windows: 105,
  dos: 14,
  memtest: 1,
  other: 1,
};

/** A disk of the package. */
export interface PackagedDisk {
  /** Name of its file in the package. */
  readonly fileName: string;
  readonly fileBytes: number;
  /** Size of the disk in bytes. */
  readonly capacity: number;
  readonly channel: number;
  readonly unit: number;
}

/** CIM_ResourceAllocationSettingData; its elements stand in the order of their names. */
type HardwareItem = Readonly<Record<string, string | number>>;

const RESOURCE = { processor: 3, memory: 4, ideController: 5, cdrom: 15, disk: 17 } as const;

/** The descriptor of a package with one machine. */
export function writeOvf(config: MachineConfig, disks: readonly PackagedDisk[]): string {
  const references = disks.map(
    ({ fileName, fileBytes }, i) =>
      `    <File ovf:id="file${i + 1}" ovf:href="${escapeXml(fileName)}" ovf:size="${fileBytes}"/>`,
  );
  const diskElements = disks.map(
    ({ capacity }, i) =>
      `    <Disk ovf:diskId="vmdisk${i + 1}" ovf:capacity="${capacity}" ovf:capacityAllocationUnits="byte" ` +
      `ovf:fileRef="file${i + 1}" ovf:format="${STREAM_OPTIMIZED}"/>`,
  );
  const name = escapeXml(config.name);
  const annotation =
    config.notes === ''
      ? ''
      : `
    <AnnotationSection>
      <Info>Notes</Info>
      <Annotation>${escapeXml(config.notes)}</Annotation>
    </AnnotationSection>`;
  return `<?xml version="1.0" encoding="UTF-8"?>
<Envelope ovf:version="1.0" xml:lang="en-US"
    xmlns="http://schemas.dmtf.org/ovf/envelope/1"
    xmlns:ovf="http://schemas.dmtf.org/ovf/envelope/1"
    xmlns:rasd="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_ResourceAllocationSettingData"
    xmlns:vssd="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_VirtualSystemSettingData">
  <References>
${references.join('\n')}
  </References>
  <DiskSection>
    <Info>Disks of the machine</Info>
${diskElements.join('\n')}
  </DiskSection>
  <VirtualSystem ovf:id="${systemId(config.name)}">
    <Info>A virtual machine</Info>
    <Name>${name}</Name>${annotation}
    <OperatingSystemSection ovf:id="${SYSTEM_IDS[config.guestOs]}">
      <Info>The system installed</Info>
      <Description>${config.guestOs}</Description>
    </OperatingSystemSection>
    <VirtualHardwareSection>
      <Info>Hardware of the machine</Info>
      <System>
        <vssd:ElementName>Virtual Hardware Family</vssd:ElementName>
        <vssd:InstanceID>0</vssd:InstanceID>
        <vssd:VirtualSystemIdentifier>${name}</vssd:VirtualSystemIdentifier>
        <vssd:VirtualSystemType>vmx-07</vssd:VirtualSystemType>
      </System>
${hardwareOf(config, disks).map(encodeItem).join('\n')}
    </VirtualHardwareSection>
  </VirtualSystem>
</Envelope>
`;
}

function hardwareOf(config: MachineConfig, disks: readonly PackagedDisk[]): HardwareItem[] {
  const items: Omit<HardwareItem, 'InstanceID'>[] = [
    { AllocationUnits: 'hertz * 10^6', ElementName: `${config.cpus} virtual CPU(s)`, ResourceType: RESOURCE.processor, VirtualQuantity: config.cpus },
    { AllocationUnits: 'byte * 2^20', ElementName: `${config.memoryMiB} MiB of memory`, ResourceType: RESOURCE.memory, VirtualQuantity: config.memoryMiB },
    { Address: 0, ElementName: 'IDE 0', ResourceType: RESOURCE.ideController },
    { Address: 1, ElementName: 'IDE 1', ResourceType: RESOURCE.ideController },
    ...disks.map(({ channel, unit }, i) => ({
      AddressOnParent: unit,
      ElementName: `Disk ${i + 1}`,
      HostResource: `ovf:/disk/vmdisk${i + 1}`,
      Parent: controllerInstance(channel),
      ResourceType: RESOURCE.disk,
    })),
    ...config.drives.flatMap((drive) =>
      drive.kind === 'cdrom'
        ? [{ AddressOnParent: drive.slot.unit, AutomaticAllocation: 'false', ElementName: 'CD-ROM', Parent: controllerInstance(drive.slot.channel), ResourceType: RESOURCE.cdrom }]
        : [],
    ),
  ];
  return items.map((item, i) => ({ ...item, InstanceID: i + 1 }));
} // prettier-ignore

/** The controllers are the third and the fourth item. */
const controllerInstance = (channel: number): number => 3 + channel;

function encodeItem(item: HardwareItem): string {
  const elements = Object.entries(item)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `        <rasd:${key}>${escapeXml(String(value))}</rasd:${key}>`);
  return `      <Item>\n${elements.join('\n')}\n      </Item>`;
}

/** An XML name made of any text. */
function systemId(name: string): string {
  const id = name.replace(/[^A-Za-z0-9_.-]+/g, '_');
  return /^[A-Za-z_]/.test(id) ? id : `_${id}`;
}
