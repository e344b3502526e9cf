import * as C from './cpuid.js';
import type { CpuidLeaf } from './cpuid.js';

/** Where CPUID says whether the processor has something. */
interface FeatureBit {
  readonly leaf: number;
  readonly subleaf: number;
  readonly register: 'ebx' | 'ecx' | 'edx';
  readonly bit: number;
}

/** What the engines' processor has that a guest can be told or not. Saved machines hold these names. */
export type CpuFeature =
  | keyof typeof C.FEATURES_1_ECX
  | keyof typeof C.FEATURES_1_EDX
  | keyof typeof C.FEATURES_7_EBX
  | keyof typeof C.FEATURES_7_ECX
  | keyof typeof C.FEATURES_7_EDX
  | keyof typeof C.FEATURES_7_2_EDX
  | keyof typeof C.FEATURES_EXT_ECX
  | keyof typeof C.FEATURES_EXT_EDX;

const inRegister = (
  leaf: number,
  register: FeatureBit['register'],
  bits: Readonly<Record<string, number>>,
  subleaf = 0,
): [string, FeatureBit][] => Object.entries(bits).map(([name, bit]) => [name, { leaf, subleaf, register, bit }]);

const FEATURE_BITS: ReadonlyMap<string, FeatureBit> = new Map([
  ...inRegister(1, 'ecx', C.FEATURES_1_ECX),
  ...inRegister(1, 'edx', C.FEATURES_1_EDX),
  ...inRegister(7, 'ebx', C.FEATURES_7_EBX),
  ...inRegister(7, 'ecx', C.FEATURES_7_ECX),
  ...inRegister(7, 'edx', C.FEATURES_7_EDX),
  ...inRegister(7, 'edx', C.FEATURES_7_2_EDX, 2),
  ...inRegister(0x8000_0001, 'ecx', C.FEATURES_EXT_ECX),
  ...inRegister(0x8000_0001, 'edx', C.FEATURES_EXT_EDX),
]);

/** All of them. */
export const CPU_FEATURES = [...FEATURE_BITS.keys()] as readonly CpuFeature[];

/** Features that tell of speed only: code that was told of one runs as well where it is missing. */
const HINTS: ReadonlySet<CpuFeature> = new Set(['erms', 'fsrm', 'selfSnoop', 'prefetchw', 'bhiControl']);

/** Enumerates what XSAVE saves: of no meaning without it. */
const XSAVE_LEAF = 0xd;

/** Names of features among any texts: a saved machine may have been told of others by another version. */
export function knownFeatures(names: readonly string[]): CpuFeature[] {
  return CPU_FEATURES.filter((feature) => names.includes(feature));
}

/** Features that `leaves` do not offer. */
export function featuresMissingFrom(leaves: readonly Omit<CpuidLeaf, 'eax'>[]): CpuFeature[] {
  return CPU_FEATURES.filter((feature) => {
    const { leaf, subleaf, register, bit } = FEATURE_BITS.get(feature)!;
    const offered = leaves.find((candidate) => candidate.leaf === leaf && (candidate.subleaf ?? 0) === subleaf);
    return (((offered?.[register] ?? 0) >>> bit) & 1) === 0;
  });
}

/** The leaves of a processor that lacks these features. */
export function withoutFeatures(leaves: readonly CpuidLeaf[], withheld: readonly CpuFeature[]): CpuidLeaf[] {
  const masks = withheld.map((feature) => FEATURE_BITS.get(feature)!);
  return leaves
    .filter(({ leaf }) => leaf !== XSAVE_LEAF || !withheld.includes('xsave'))
    .map((entry) => {
      const left = { ...entry };
      for (const { leaf, subleaf, register, bit } of masks)
        if (entry.leaf === leaf && (entry.subleaf ?? 0) === subleaf)
          left[register] = (left[register] & ~(1 << bit)) >>> 0;
      return left;
    });
}

/**
 * What a guest may count on and would miss.
 * @param lacking of the processor it is to go on with
 * @param withheld from the guest since it was started
 */
export function featuresMissed(lacking: readonly CpuFeature[], withheld: readonly CpuFeature[]): CpuFeature[] {
  return lacking.filter((feature) => !withheld.includes(feature) && !HINTS.has(feature));
}
