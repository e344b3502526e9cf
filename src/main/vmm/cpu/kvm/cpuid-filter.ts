import { FEATURES_1_ECX, type CpuidLeaf } from '../cpuid.js';
import { featuresMissingFrom, type CpuFeature } from '../cpu-features.js';
import type { CpuidEntry } from './kvm-vm.js';
import { CPUID_SIGNIFICANT_INDEX } from './structs.js';

/** Leaves whose registers are sets of features: a bit is offered only if processor and kernel have it too. */
const FEATURE_LEAVES: readonly { leaf: number; registers: readonly ('ebx' | 'ecx' | 'edx')[] }[] = [
  { leaf: 1, registers: ['ecx', 'edx'] },
  { leaf: 7, registers: ['ebx', 'ecx', 'edx'] },
  { leaf: 0x8000_0001, registers: ['ecx', 'edx'] },
];

/** Leaf 1 ECX bits the engine provides itself, whatever the kernel says: the timer is our APIC's. */
const OURS_1_ECX = ((1 << FEATURES_1_ECX.tscDeadline) | (1 << FEATURES_1_ECX.hypervisor)) >>> 0;

/**
 * The machine's own leaves as KVM takes them, less the features this host lacks: a guest sees the same processor under
 * every engine, so far as the host can be it.
 */
export function filterCpuid(own: readonly CpuidLeaf[], host: readonly CpuidEntry[]): CpuidEntry[] {
  return own.map((leaf) => {
    const entry = {
      leaf: leaf.leaf,
      index: leaf.subleaf ?? 0,
      flags: leaf.subleaf === undefined ? 0 : CPUID_SIGNIFICANT_INDEX,
      eax: leaf.eax,
      ebx: leaf.ebx,
      ecx: leaf.ecx,
      edx: leaf.edx,
    };
    const features = FEATURE_LEAVES.find((row) => row.leaf === leaf.leaf);
    if (!features) return entry;
    const offered = host.find((candidate) => candidate.leaf === leaf.leaf && candidate.index === entry.index);
    for (const register of features.registers) {
      const ours = leaf.leaf === 1 && register === 'ecx' ? OURS_1_ECX : 0;
      entry[register] = (entry[register] & ((offered?.[register] ?? 0) | ours)) >>> 0;
    }
    return entry;
  });
}

/** Features of the machine's own leaves that this host cannot give. */
export function lackingFeatures(own: readonly CpuidLeaf[], host: readonly CpuidEntry[]): CpuFeature[] {
  const offered = filterCpuid(own, host).map(({ index, ...entry }) => ({ ...entry, subleaf: index }));
  const never = featuresMissingFrom(own);
  return featuresMissingFrom(offered).filter((feature) => !never.includes(feature));
}
