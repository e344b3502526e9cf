/**
 * What the vCPU says it is: one table for every engine, so that a machine moves between engines without its guest
 * seeing another processor. Only what is implemented is advertised (SDM vol. 2, CPUID).
 */
export interface CpuidLeaf {
  readonly leaf: number;
  /** Sub-leaf in ECX, or `undefined` if the leaf has none. */
  readonly subleaf: number | undefined;
  readonly eax: number;
  readonly ebx: number;
  readonly ecx: number;
  readonly edx: number;
}

/** Feature bits, by the register that reports them. */
export const FEATURES_1_ECX = {
  sse3: 0, ssse3: 9, cx16: 13, pcid: 17, sse41: 19, sse42: 20, movbe: 22, popcnt: 23, tscDeadline: 24, xsave: 26,
  rdrand: 30, hypervisor: 31,
} as const; // prettier-ignore
export const FEATURES_1_EDX = {
  fpu: 0, de: 2, pse: 3, tsc: 4, msr: 5, pae: 6, mce: 7, cx8: 8, apic: 9, sep: 11, mtrr: 12, pge: 13, mca: 14, cmov: 15,
  pat: 16, pse36: 17, clflush: 19, mmx: 23, fxsr: 24, sse: 25, sse2: 26, selfSnoop: 27,
} as const; // prettier-ignore
export const FEATURES_7_EBX = {
  fsgsbase: 0,
  tscAdjust: 1,
  smep: 7,
  erms: 9,
  invpcid: 10,
  rdseed: 18,
  smap: 20,
} as const;
export const FEATURES_7_ECX = { umip: 2 } as const;
/** Speculation controls are real registers without effect: nothing here speculates. They spare guests costly work-arounds. */
export const FEATURES_7_EDX = { fsrm: 4, ibrs: 26, stibp: 27, archCapabilities: 29, ssbd: 31 } as const;
/** IA32_SPEC_CTRL.BHI_DIS_S: who can set it need not clear the branch history by a loop at each system call. */
export const FEATURES_7_2_EDX = { bhiControl: 4 } as const;
export const FEATURES_EXT_ECX = { lahf: 0, prefetchw: 8 } as const;
export const FEATURES_EXT_EDX = { syscall: 11, nx: 20, gigabytePages: 26, rdtscp: 27, long: 29 } as const;

/** Bits the core works out when asked, from CR4, the APIC base and the code mode. */
export const OSXSAVE_1_ECX = 1 << 27;
export const APIC_1_EDX = 1 << FEATURES_1_EDX.apic;
export const SYSCALL_EXT_EDX = 1 << FEATURES_EXT_EDX.syscall;

/** Physical address bits: reserved-bit checks of the page tables follow it. */
export const PHYSICAL_ADDRESS_BITS = 40;
export const LINEAR_ADDRESS_BITS = 48;

/**
 * IA32_ARCH_CAPABILITIES (SDM vol. 4, 10AH): not vulnerable to Meltdown (RDCL_NO), enhanced IBRS, and immune to L1TF on
 * VM entry, SSB, MDS, PSCHANGE, TAA, FBSDP, SBDR/SSDP, PSDP, BHI, PBRSB, GDS, RFDS and ITS, as a processor that does not
 * speculate is. ITS_NO (bit 62) exists for monitors only: without it Linux takes any virtual processor for affected and
 * sends every return and indirect branch through a thunk.
 */
export const ARCH_CAPABILITIES = [0, 1, 3, 4, 5, 6, 8, 13, 14, 15, 20, 24, 26, 27, 62].reduce(
  (bits, bit) => bits | (1n << BigInt(bit)),
  0n,
);

const all = (bits: Readonly<Record<string, number>>): number =>
  Object.values(bits).reduce((mask, bit) => (mask | (1 << bit)) >>> 0, 0);

const leaf = (
  number: number,
  [eax, ebx, ecx, edx]: readonly [number, number, number, number],
  subleaf?: number,
): CpuidLeaf => ({ leaf: number, subleaf, eax: eax >>> 0, ebx: ebx >>> 0, ecx: ecx >>> 0, edx: edx >>> 0 });

/** Text as little-endian dwords. */
function dwords(text: string, count: number): number[] {
  const codes = Array.from({ length: count * 4 }, (_, i) => (i < text.length ? text.charCodeAt(i) : 0));
  return Array.from({ length: count }, (_, i) =>
    codes.slice(i * 4, i * 4 + 4).reduceRight((word, code) => ((word << 8) | code) >>> 0, 0),
  );
}

/** Family 6, model 26, stepping 5: the oldest of the x86-64-v2 generation, which no guest holds errata against. */
export const CPUID_SIGNATURE = 0x000106a5;
const MAX_BASIC_LEAF = 0x16;
const MAX_EXTENDED_LEAF = 0x80000008;
const MAX_HYPERVISOR_LEAF = 0x40000000;
/**
 * The monitor whose interface, the backdoor (devices/input/vmware-backdoor.ts), guests find here: Linux looks for the
 * absolute pointer only under a name it knows (drivers/input/mouse/vmmouse.c).
 */
const HYPERVISOR_VENDOR = 'VMwareVMware';
const CACHE_LINE_BYTES = 64;
const XSAVE_AREA_BYTES = 576;

/** EAX–EDX of one cache in leaf 4: type (1 data, 2 code, 3 unified), level, ways and sets of 64-byte lines. */
function cache(type: number, level: number, ways: number, sets: number): [number, number, number, number] {
  return [type | (level << 5) | (1 << 8), (CACHE_LINE_BYTES - 1) | ((ways - 1) << 22), sets - 1, 0];
}

export interface CpuidOptions {
  /** Time-stamp counter and APIC timer frequency in Hz; guests that read leaf 15H need not calibrate. */
  readonly tscHz: number;
  /** Up to 48 characters. */
  readonly brand?: string;
}

/** The processor's leaves, ordered. A leaf or sub-leaf that is not listed reads as zeros, or as the highest basic leaf. */
export function cpuidLeaves({ tscHz, brand = 'Annex virtual processor' }: CpuidOptions): CpuidLeaf[] {
  // EBX, EDX, ECX spell the vendor; the leaf lists EBX, ECX, EDX.
  const [genu, inei, ntel] = dwords('GenuineIntel', 3) as [number, number, number];
  const [name0, name1, name2] = dwords(HYPERVISOR_VENDOR, 3) as [number, number, number];
  const brandWords = dwords(brand, 12);
  const brandLeaf = (index: number): CpuidLeaf =>
    leaf(0x80000002 + index, brandWords.slice(index * 4, index * 4 + 4) as [number, number, number, number]);
  const megahertz = Math.round(tscHz / 1e6);
  return [
    leaf(0, [MAX_BASIC_LEAF, genu, ntel, inei]),
    leaf(1, [CPUID_SIGNATURE, ((CACHE_LINE_BYTES / 8) << 8) | (1 << 16), all(FEATURES_1_ECX), all(FEATURES_1_EDX)]),
    leaf(2, [0x0000ff01, 0, 0, 0]),
    leaf(4, cache(1, 1, 8, 64), 0),
    leaf(4, cache(2, 1, 4, 128), 1),
    leaf(4, cache(3, 2, 8, 512), 2),
    leaf(4, cache(3, 3, 16, 4096), 3),
    leaf(6, [1 << 2, 0, 0, 0]),
    leaf(7, [2, all(FEATURES_7_EBX), all(FEATURES_7_ECX), all(FEATURES_7_EDX)], 0),
    leaf(7, [0, 0, 0, all(FEATURES_7_2_EDX)], 2),
    leaf(0xb, [0, 1, 0x100, 0], 0),
    leaf(0xb, [0, 1, 0x201, 0], 1),
    leaf(0xd, [3, XSAVE_AREA_BYTES, XSAVE_AREA_BYTES, 0], 0),
    leaf(0x15, [1, 1, tscHz, 0]),
    leaf(0x16, [megahertz, megahertz, megahertz, 0]),
    leaf(MAX_HYPERVISOR_LEAF, [MAX_HYPERVISOR_LEAF, name0, name1, name2]),
    leaf(0x80000000, [MAX_EXTENDED_LEAF, 0, 0, 0]),
    leaf(0x80000001, [0, 0, all(FEATURES_EXT_ECX), all(FEATURES_EXT_EDX)]),
    brandLeaf(0),
    brandLeaf(1),
    brandLeaf(2),
    leaf(0x80000006, [0, 0, CACHE_LINE_BYTES | (6 << 12) | (256 << 16), 0]),
    leaf(0x80000007, [0, 0, 0, 1 << 8]),
    leaf(0x80000008, [PHYSICAL_ADDRESS_BITS | (LINEAR_ADDRESS_BITS << 8), 0, 0, 0]),
  ];
}

/** Bytes of one leaf in the core's table: leaf, sub-leaf (0xFFFFFFFF: any), EAX, EBX, ECX, EDX. */
export const CPUID_ENTRY_BYTES = 24;
export const ANY_SUBLEAF = 0xffff_ffff;

/** Writes the table a software engine looks leaves up in; an entry with all of leaf and sub-leaf ones ends it. */
export function writeCpuidTable(view: DataView, offset: number, leaves: readonly CpuidLeaf[]): void {
  const rows = [
    ...leaves.map((l) => [l.leaf, l.subleaf ?? ANY_SUBLEAF, l.eax, l.ebx, l.ecx, l.edx]),
    [ANY_SUBLEAF, ANY_SUBLEAF, 0, 0, 0, 0],
  ];
  rows.flat().forEach((word, index) => view.setUint32(offset + index * 4, word, true));
}
