import { describe, expect, it } from 'vitest';
import { machineConfigSchema } from '../../../shared/config/machine-config.js';
import { draftOf, machineName } from './foreign-machine.js';
import { readOvf } from './ovf-reader.js';
import { writeOvf } from './ovf-writer.js';
import { readVbox } from './vbox-reader.js';
import { readVmx } from './vmx-reader.js';

/** A descriptor as DSP0243 has it, with the oddities programs add: other prefixes, units in words, a disk without file. */
const OVF = `<?xml version="1.0"?>
<ovf:Envelope ovf:version="1.0" xmlns:ovf="http://schemas.dmtf.org/ovf/envelope/1"
  xmlns:rasd="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_ResourceAllocationSettingData">
  <ovf:References>
    <ovf:File ovf:id="f2" ovf:href="data.vmdk" ovf:size="1"/>
    <ovf:File ovf:id="f1" ovf:href="system.vmdk"/>
  </ovf:References>
  <ovf:DiskSection>
    <ovf:Info>Disks</ovf:Info>
    <ovf:Disk ovf:diskId="system" ovf:capacity="8" ovf:capacityAllocationUnits="byte * 2^30" ovf:fileRef="f1"/>
    <ovf:Disk ovf:diskId="data" ovf:capacity="1048576" ovf:fileRef="f2"/>
    <ovf:Disk ovf:diskId="swap" ovf:capacity="3" ovf:capacityAllocationUnits="MegaBytes"/>
  </ovf:DiskSection>
  <ovf:VirtualSystem ovf:id="web">
    <ovf:Info>A machine</ovf:Info>
    <ovf:Name>Web: server</ovf:Name>
    <ovf:AnnotationSection><ovf:Info/><ovf:Annotation>Made &amp; kept</ovf:Annotation></ovf:AnnotationSection>
    <ovf:OperatingSystemSection ovf:id="96"><ovf:Info/><ovf:Description>Debian_64</ovf:Description></ovf:OperatingSystemSection>
    <ovf:VirtualHardwareSection>
      <ovf:Info/>
      <ovf:Item><rasd:InstanceID>1</rasd:InstanceID><rasd:ResourceType>3</rasd:ResourceType><rasd:VirtualQuantity>4</rasd:VirtualQuantity></ovf:Item>
      <ovf:Item><rasd:AllocationUnits>byte * 2^30</rasd:AllocationUnits><rasd:InstanceID>2</rasd:InstanceID><rasd:ResourceType>4</rasd:ResourceType><rasd:VirtualQuantity>2</rasd:VirtualQuantity></ovf:Item>
      <ovf:Item><rasd:AddressOnParent>2</rasd:AddressOnParent><rasd:HostResource>ovf:/disk/swap</rasd:HostResource><rasd:Parent>5</rasd:Parent><rasd:ResourceType>17</rasd:ResourceType></ovf:Item>
      <ovf:Item><rasd:AddressOnParent>1</rasd:AddressOnParent><rasd:HostResource>/disk/data</rasd:HostResource><rasd:Parent>5</rasd:Parent><rasd:ResourceType>17</rasd:ResourceType></ovf:Item>
      <ovf:Item><rasd:AddressOnParent>0</rasd:AddressOnParent><rasd:HostResource>ovf:/disk/system</rasd:HostResource><rasd:Parent>5</rasd:Parent><rasd:ResourceType>17</rasd:ResourceType></ovf:Item>
    </ovf:VirtualHardwareSection>
  </ovf:VirtualSystem>
</ovf:Envelope>`;

describe('readOvf', () => {
  it('understands disks in the order of their addresses, units, names and notes', () => {
    const { machine, files } = readOvf(OVF, 'web.ovf');
    expect(machine).toMatchObject({ name: 'Web server', notes: 'Made & kept', memoryMiB: 2048, guestOs: 'debian' });
    expect(machine.disks).toEqual([
      { kind: 'file', name: 'system.vmdk' },
      { kind: 'file', name: 'data.vmdk' },
      { kind: 'empty', sizeBytes: 3 << 20 },
    ]);
    expect(machine.warnings).toEqual([expect.stringMatching(/4 processors/)]);
    expect(files).toEqual(['data.vmdk', 'system.vmdk']);
  });

  it.each([
    ['an entity bomb', '<!DOCTYPE a [<!ENTITY b "xx">]><Envelope/>', /document type/],
    ['another document', '<html/>', /no OVF/],
    ['text that is no XML', 'Envelope', /cannot be read/],
    ['an unclosed element', '<Envelope>', /cannot be read/],
    ['endless nesting', '<a>'.repeat(100) + '</a>'.repeat(100), /nested/],
    ['a disk without a file', OVF.replace('ovf:href="data.vmdk"', ''), /incomplete/],
    ['an unknown disk', OVF.replace('/disk/data', '/disk/none'), /no disk/],
    ['compressed files', OVF.replace('ovf:size="1"', 'ovf:compression="gzip"'), /compressed/],
    ['two machines', OVF.replace('</ovf:Envelope>', '<ovf:VirtualSystem/></ovf:Envelope>'), /2 machines/],
  ])('refuses %s', (_what, text, message) => {
    expect(() => readOvf(text, 'x.ovf')).toThrow(message);
  });

  it('caps what our machines cannot have, and says so', () => {
    const { machine } = readOvf(OVF.replace('<rasd:VirtualQuantity>2<', '<rasd:VirtualQuantity>64<'), 'x.ovf');
    expect(machine.warnings.join()).toMatch(/65536 MiB/);
    expect(draftOf(machine, 'x').memoryMiB).toBe(3072);
  });
});

describe('draftOf', () => {
  it('makes settings that are valid, with the disks where a BIOS looks first', () => {
    const draft = draftOf(readOvf(OVF, 'x.ovf').machine, 'Web server');
    const config = { ...draft, version: 1, id: crypto.randomUUID(), createdAt: new Date().toISOString() };
    expect(machineConfigSchema.parse(config).drives.map(({ id }) => id)).toEqual(['disk0', 'disk1', 'disk2', 'cdrom0']);
  });

  it('refuses more disks than fit', () => {
    const { machine } = readOvf(OVF, 'x.ovf');
    const many = { ...machine, disks: [...machine.disks, ...machine.disks] };
    expect(() => draftOf(many, 'x')).toThrow(/6 disks; 3/);
  });

  it.each([
    ['../../etc/passwd', '.. .. etc passwd'],
    ['  ', 'Imported machine'],
    ['a\u0000b'.repeat(60), /^.{1,80}$/],
  ])('makes a name of %j', (text, name) => {
    if (typeof name === 'string') expect(machineName(text)).toBe(name);
    else expect(machineName(text)).toMatch(name);
  });
});

describe('writeOvf', () => {
  const config = machineConfigSchema.parse({
    version: 1,
    id: '6ba7b810-9dad-41d1-80b4-00c04fd430c8',
    name: 'Web & mail',
    guestOs: 'debian',
    notes: 'a < b\u0007',
    memoryMiB: 768,
    drives: [{ id: 'cdrom0', kind: 'cdrom', slot: { bus: 'ide', channel: 1, unit: 0 }, path: null }],
    createdAt: '2026-01-01T00:00:00Z',
  });
  const disks = [
    { fileName: 'web-disk1.vmdk', fileBytes: 1000, capacity: 1 << 30, channel: 0, unit: 0 },
    { fileName: 'web-disk2.vmdk', fileBytes: 2000, capacity: 1 << 20, channel: 1, unit: 1 },
  ];

  it('makes what the reader understands', () => {
    const { machine, files } = readOvf(writeOvf(config, disks), 'web.ovf');
    expect(machine).toMatchObject({ name: 'Web & mail', notes: 'a < b', memoryMiB: 768, guestOs: 'debian', warnings: [] });
    expect(machine.disks.map((disk) => disk.kind === 'file' && disk.name)).toEqual(['web-disk1.vmdk', 'web-disk2.vmdk']);
    expect(files).toEqual(['web-disk1.vmdk', 'web-disk2.vmdk']);
  });

  it('orders sections and elements of items as the schema asks for', () => {
    const text = writeOvf(config, disks);
    const sections = ['<References>', '<DiskSection>', '<VirtualSystem ', '<Name>', '<AnnotationSection>', '<OperatingSystemSection', '<VirtualHardwareSection>', '<System>', '<Item>'];
    const places = sections.map((section) => text.indexOf(section));
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(places.every((place) => place > 0)).toBe(true);
    const items = [...text.matchAll(/<Item>(.*?)<\/Item>/gs)].map(([, item]) => [...item!.matchAll(/<rasd:(\w+)>/g)].map(([, name]) => name!));
    for (const names of items) {
      expect(names).toEqual([...names].sort());
      expect(names).toEqual(expect.arrayContaining(['ElementName', 'InstanceID', 'ResourceType']));
    }
    const ids = [...text.matchAll(/<rasd:InstanceID>(\d+)</g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(items.length);
  });
}); // prettier-ignore

describe('readVmx', () => {
  const VMX = `.encoding = "UTF-8"
config.version = "8"
displayName = "Old server"
memsize = "1024"
numvcpus = "2"
guestOS = "debian12-64"
annotation = "first|0Asecond |22line|22"
scsi0:0.present = "TRUE"
scsi0:0.fileName = "data.vmdk"
ide0:0.present = "TRUE"
ide0:0.fileName = "system.vmdk"
ide0:0.deviceType = "ata-hardDisk"
ide1:0.present = "TRUE"
ide1:0.fileName = "auto detect"
ide1:0.deviceType = "cdrom-raw"
sata0:1.present = "FALSE"
sata0:1.fileName = "gone.vmdk"
firmware = "efi"
`;

  it('takes the disks that are there, IDE first', () => {
    const machine = readVmx(VMX, 'old.vmx');
    expect(machine).toMatchObject({ name: 'Old server', memoryMiB: 1024, guestOs: 'debian' });
    expect(machine.notes).toBe('first\nsecond "line"');
    expect(machine.disks).toEqual([
      { kind: 'file', name: 'system.vmdk' },
      { kind: 'file', name: 'data.vmdk' },
    ]);
    expect(machine.warnings.join()).toMatch(/2 processors.*UEFI/);
  });

  it('takes a file without a type for a disk unless its name is that of a CD-ROM', () => {
    const lines = ['disk.img', 'system', 'tools.iso', 'auto detect', '/dev/sr0', 'D:', ''].map(
      (name, i) => `scsi0:${i}.present = "TRUE"\nscsi0:${i}.fileName = "${name}"\n`,
    );
    const { disks } = readVmx(`config.version = "8"\n${lines.join('')}`, 'x.vmx');
    expect(disks).toEqual([
      { kind: 'file', name: 'disk.img' },
      { kind: 'file', name: 'system' },
    ]);
  });

  it('refuses another text file', () => {
    expect(() => readVmx('hello = "world"', 'x.vmx')).toThrow(/no VMware/);
  });
});

describe('readVbox', () => {
  const VBOX = `<?xml version="1.0"?>
<VirtualBox xmlns="http://www.virtualbox.org/" version="1.19-linux">
  <Machine uuid="{1}" name="Box" OSType="Ubuntu_64">
    <Description>kept</Description>
    <MediaRegistry><HardDisks>
      <HardDisk uuid="{a}" location="box.vdi" format="VDI"><HardDisk uuid="{b}" location="Snapshots/{b}.vdi" format="VDI"/></HardDisk>
    </HardDisks></MediaRegistry>
    <Snapshot name="s"><Hardware/><StorageControllers><StorageController><AttachedDevice type="HardDisk"><Image uuid="{a}"/></AttachedDevice></StorageController></StorageControllers></Snapshot>
    <Hardware><CPU count="2"/><Memory RAMSize="768"/><Firmware type="BIOS"/></Hardware>
    <StorageControllers><StorageController name="IDE">
      <AttachedDevice type="HardDisk" port="0" device="0"><Image uuid="{b}"/></AttachedDevice>
      <AttachedDevice type="DVD" port="1" device="0"/>
    </StorageController></StorageControllers>
  </Machine>
</VirtualBox>`;

  it('takes the disks of the present state, not those of snapshots', () => {
    const machine = readVbox(VBOX, 'box.vbox');
    expect(machine).toMatchObject({ name: 'Box', notes: 'kept', memoryMiB: 768, guestOs: 'ubuntu', floppy: false });
    expect(machine.disks).toEqual([{ kind: 'file', name: 'Snapshots/{b}.vdi' }]);
    expect(machine.warnings.join()).toMatch(/snapshots stay behind.*2 processors/);
  });

  it('refuses a disk that is registered nowhere', () => {
    expect(() => readVbox(VBOX.replace('uuid="{b}" location', 'uuid="{c}" location'), 'box.vbox')).toThrow(/\{b\}/);
  });
});
