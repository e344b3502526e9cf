import { IdentifyData } from './identify-data.js';

/** SMART subcommands (features register) and the signature every one must carry (ATA-6, 8.55). */
export const SMART = {
  readData: 0xd0,
  readThresholds: 0xd1,
  attributeAutosave: 0xd2,
  enable: 0xd8,
  disable: 0xd9,
  returnStatus: 0xda,
} as const;

export const SMART_KEY = 0xc24f;

const ATTRIBUTE_BYTES = 12;
const POWER_ON_HOURS = 9;
const POWER_CYCLES = 12;

/** Attributes nothing wears down: always at their best value. */
const ATTRIBUTES = [POWER_ON_HOURS, POWER_CYCLES];

/** SMART READ DATA: a healthy device with the attributes every tool looks for. */
export function smartData(): Uint8Array {
  return table((bytes, at) => {
    bytes[at + 1] = 0x02;
    bytes[at + 3] = 100;
    bytes[at + 4] = 100;
  });
}

/** The thresholds of those attributes: zero, "never failing". */
export function smartThresholds(): Uint8Array {
  return table(() => undefined);
}

function table(fill: (bytes: Uint8Array, at: number) => void): Uint8Array {
  const { bytes } = new IdentifyData().word(0, 0x0010);
  ATTRIBUTES.forEach((id, i) => {
    const at = 2 + i * ATTRIBUTE_BYTES;
    bytes[at] = id;
    fill(bytes, at);
  });
  let sum = 0;
  for (const byte of bytes) sum += byte;
  bytes[511] = -sum & 0xff;
  return bytes;
}
