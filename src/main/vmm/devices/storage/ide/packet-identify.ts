import { IdentifyData, transferModeWords } from './identify-data.js';

/** IDENTIFY PACKET DEVICE data of a CD/DVD-ROM drive (ATA-6, 8.16). */
export function cdRomIdentity(transferMode: number, serial: string): Uint8Array {
  const { multiword, ultra } = transferModeWords(transferMode);
  const data = new IdentifyData();
  // ATAPI, CD/DVD, removable, asks for the packet within 50 us, 12-byte packets.
  data.word(0, 0x85c0).text(10, 10, serial).text(23, 4, '1.0').text(27, 20, 'ANNEX CD/DVD-ROM');
  data.word(49, 0x0f00).word(50, 0x4000).word(53, 0x0006);
  data.word(63, multiword).word(64, 0x0003).word(65, 120).word(66, 120).word(67, 120).word(68, 120);
  // ATA/ATAPI-4 to 6; PACKET, DEVICE RESET and NOP-free feature set.
  data.word(80, 0x0070).word(82, 0x0210).word(83, 0x4000).word(84, 0x4000);
  data.word(85, 0x0210).word(87, 0x4000).word(88, ultra).word(93, 0x6001);
  return data.seal();
}
