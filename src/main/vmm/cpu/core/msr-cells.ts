import * as L from './layout.js';

/** Model-specific registers the core keeps, by index, and where (SDM vol. 4, table 2-2). */
export const MSR_CELLS: readonly (readonly [index: number, address: number])[] = [
  [0x10, L.MSR_TSC_OFFSET],
  [0x3b, L.MSR_TSC_ADJUST],
  [0x48, L.MSR_SPEC_CTRL],
  [0x8b, L.MSR_BIOS_SIGN_ID],
  [0x174, L.MSR_SYSENTER_CS],
  [0x175, L.MSR_SYSENTER_ESP],
  [0x176, L.MSR_SYSENTER_EIP],
  [0x17a, L.MSR_MCG_STATUS],
  [0x1a0, L.MSR_MISC_ENABLE],
  [0x277, L.MSR_PAT],
  [0x2ff, L.MSR_MTRR_DEF_TYPE],
  ...Array.from({ length: 16 }, (_, i) => [0x200 + i, L.MSR_MTRR_VARIABLE + i * 8] as const),
  ...[0x250, 0x258, 0x259, 0x268, 0x269, 0x26a, 0x26b, 0x26c, 0x26d, 0x26e, 0x26f].map(
    (index, i) => [index, L.MSR_MTRR_FIXED + i * 8] as const,
  ),
  [0xc000_0080, L.EFER],
  [0xc000_0081, L.MSR_STAR],
  [0xc000_0082, L.MSR_LSTAR],
  [0xc000_0083, L.MSR_CSTAR],
  [0xc000_0084, L.MSR_FMASK],
  [0xc000_0102, L.MSR_KERNEL_GS_BASE],
  [0xc000_0103, L.MSR_TSC_AUX],
];
