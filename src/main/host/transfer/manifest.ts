import { AnnexError } from '../../../shared/contract/errors.js';

/** Manifests of OVF packages: DSP0243, "OVF package": lines `SHA256(name)= digest`. */
const ALGORITHMS: Readonly<Record<string, string>> = { SHA1: 'sha1', SHA256: 'sha256', SHA512: 'sha512' };

export interface Digest {
  /** As Node's crypto calls it. */
  readonly algorithm: string;
  /** Lower case hexadecimal. */
  readonly hex: string;
}

/** Digests by file name. @throws AnnexError `appliance-invalid` for an algorithm nobody knows */
export function parseManifest(text: string, name: string): ReadonlyMap<string, Digest> {
  const digests = new Map<string, Digest>();
  for (const line of text.split(/\r?\n/)) {
    if (line.trim() === '') continue;
    const [, label, file, hex] = /^\s*([A-Z0-9-]+)\s*\((.+)\)\s*=\s*([0-9a-fA-F]+)\s*$/.exec(line) ?? [];
    const algorithm = ALGORITHMS[(label ?? '').replace('-', '')];
    if (algorithm === undefined)
      throw new AnnexError('appliance-invalid', `“${name}” has a line that is no digest: “${line.slice(0, 60)}”.`, { name });
    digests.set(file!, { algorithm, hex: hex!.toLowerCase() });
  }
  return digests;
} // prettier-ignore

/** @throws AnnexError `appliance-invalid` if what was hashed is not what the manifest speaks of */
export function checkDigest(expected: Digest, hex: string, name: string): void {
  if (expected.hex === hex) return;
  throw new AnnexError(
    'appliance-invalid',
    `“${name}” is not as its manifest says: the file is damaged or was changed. Download it again.`,
    { name },
  );
}

export function encodeManifest(digests: ReadonlyMap<string, string>): string {
  return [...digests].map(([name, hex]) => `SHA256(${name})= ${hex}\n`).join('');
}
