import type { BlockInfo } from '../../../block/block-device.js';
import { defaultGeometry, type DiskGeometry } from './ata-geometry.js';
import { MAX_TRIM_BLOCKS } from './ata-trim.js';
import { IdentifyData, transferModeWords } from './identify-data.js';

/** Most sectors of a data block of READ and WRITE MULTIPLE. */
export const MAX_MULTIPLE = 16;

const MAX_LBA28_SECTORS = 2 ** 28 - 1;

/** What the host has set and power-on resets. */
export interface DiskSettings {
  /** Geometry CHS addresses are counted in. */
  readonly geometry: DiskGeometry;
  /** Sectors of a data block of READ and WRITE MULTIPLE; 0 disables them. */
  readonly multiple: number;
  /** As given to SET FEATURES 03h. */
  readonly transferMode: number;
  readonly writeCache: boolean;
  readonly smart: boolean;
}

/** Words 82–84 and their "enabled" twins 85–87 (ATA-6, 8.15.47 ff.). */
const FEATURES_82 = { smart: 1 << 0, power: 1 << 3, writeCache: 1 << 5, readAhead: 1 << 6 };
const FEATURES_83 = { lba48: 1 << 10, flushCache: 1 << 12, flushCacheExt: 1 << 13 };
/** Word 169 (ACS-2, 7.16.7.76). */
const TRIM_SUPPORTED = 1 << 0;
const FEATURES_84 = { writeFua: 1 << 6 };
/** Bits 15:14 = 01 say that the word is valid. */
const VALID = 0x4000;

/** IDENTIFY DEVICE data. */
export function diskIdentity(info: BlockInfo, settings: DiskSettings, serial: string): Uint8Array {
  const data = new IdentifyData();
  data.word(0, 0x0040).text(10, 10, serial).text(23, 4, '1.0').text(27, 20, 'ANNEX HARD DISK');
  data.word(47, 0x8000 | MAX_MULTIPLE).word(59, settings.multiple === 0 ? 0 : 0x0100 | settings.multiple);
  describeGeometry(data, defaultGeometry(info.sectors), settings.geometry);
  data.dword(60, Math.min(info.sectors, MAX_LBA28_SECTORS)).qword(100, info.sectors);
  describeModes(data, settings.transferMode);
  describeFeatures(data, settings);
  if (!info.readonly) data.word(105, MAX_TRIM_BLOCKS).word(169, TRIM_SUPPORTED);
  return data.seal();
}

function describeGeometry(data: IdentifyData, physical: DiskGeometry, current: DiskGeometry): void {
  data.word(1, physical.cylinders).word(3, physical.heads).word(6, physical.sectors);
  data.word(54, current.cylinders).word(55, current.heads).word(56, current.sectors);
  data.dword(57, current.cylinders * current.heads * current.sectors);
}

function describeModes(data: IdentifyData, transferMode: number): void {
  const { multiword, ultra } = transferModeWords(transferMode);
  // LBA, DMA, IORDY; words 54–58, 64–70 and 88 valid; PIO 3 and 4; 120 ns cycles.
  data.word(49, 0x0f00).word(50, VALID).word(51, 0x0200).word(53, 0x0007);
  data.word(63, multiword).word(64, 0x0003).word(65, 120).word(66, 120).word(67, 120).word(68, 120);
  // ATA-1 to ATA-7, without which Linux looks for no TRIM; 80-conductor cable seen, device 0.
  data.word(80, 0x00fe).word(88, ultra).word(93, 0x6001);
}

function describeFeatures(data: IdentifyData, settings: DiskSettings): void {
  const always82 = FEATURES_82.power | FEATURES_82.readAhead;
  const supported83 = VALID | FEATURES_83.lba48 | FEATURES_83.flushCache | FEATURES_83.flushCacheExt;
  const supported84 = VALID | FEATURES_84.writeFua;
  data
    .word(82, always82 | FEATURES_82.smart | FEATURES_82.writeCache)
    .word(83, supported83)
    .word(84, supported84);
  const enabled =
    (settings.smart ? FEATURES_82.smart : 0) | (settings.writeCache ? FEATURES_82.writeCache : 0) | always82;
  data
    .word(85, enabled)
    .word(86, supported83 & ~VALID)
    .word(87, supported84);
}
