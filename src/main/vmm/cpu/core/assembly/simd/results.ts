/** EFLAGS bits (SDM vol. 1, 3.4.3.1). */
export const FLAG_CF: u32 = 0x001;
export const FLAG_PF: u32 = 0x004;
export const FLAG_AF: u32 = 0x010;
export const FLAG_ZF: u32 = 0x040;
export const FLAG_SF: u32 = 0x080;
export const FLAG_OF: u32 = 0x800;

/** The six arithmetic flags as the last flag-setting floating-point or SIMD operation wants them. */
export let simdFlags: u32 = 0;
/** What PCMPESTRI/PCMPISTRI want in ECX. */
export let simdIndex: u32 = 0;

export function setSimdFlags(flags: u32): void {
  simdFlags = flags;
}

export function setSimdIndex(index: u32): void {
  simdIndex = index;
}
