import { CPUID_TABLE } from '../layout';
import { readMachineMsr } from './bus';
import { APIC_BASE_ENABLE, MSR_APIC_BASE, msrValue } from './msr';
import { CR4_OSXSAVE, cr4, longCode, RAX, RBX, RCX, RDX, reg32, setReg32 } from './state';

// One entry of the table the engine writes (cpuid.ts beside the core): leaf, sub-leaf, EAX, EBX, ECX, EDX.
const ENTRY: usize = 24;
const ANY: u32 = 0xffff_ffff;

const OSXSAVE: u32 = 1 << 27;
const APIC: u32 = 1 << 9;
const SYSCALL: u32 = 1 << 11;

/** CPUID: EAX and ECX select a leaf, EAX–EDX get it (SDM vol. 2). */
export function cpuid(): void {
  const leaf = supportedLeaf(reg32(RAX));
  const entry = find(leaf, reg32(RCX));
  if (entry == 0) return answer(0, 0, leaf == 0xb ? reg32(RCX) & 0xff : 0, 0);
  let ecx = load<u32>(entry, 16);
  let edx = load<u32>(entry, 20);
  if (leaf == 1) {
    if (cr4() & CR4_OSXSAVE) ecx |= OSXSAVE;
    if (!apicEnabled()) edx &= ~APIC;
  }
  // Intel reports SYSCALL only to 64-bit code.
  if (leaf == 0x8000_0001 && !longCode()) edx &= ~SYSCALL;
  answer(load<u32>(entry, 8), load<u32>(entry, 12), ecx, edx);
}

function answer(eax: u32, ebx: u32, ecx: u32, edx: u32): void {
  setReg32(RAX, eax);
  setReg32(RBX, ebx);
  setReg32(RCX, ecx);
  setReg32(RDX, edx);
}

/** A leaf above the highest of its range reads as the highest basic leaf. */
function supportedLeaf(leaf: u32): u32 {
  const range = leaf & 0xf000_0000;
  const first = find(range, 0);
  return first != 0 && leaf <= load<u32>(first, 8) ? leaf : load<u32>(find(0, 0), 8);
}

function find(leaf: u32, subleaf: u32): usize {
  let entry: usize = CPUID_TABLE;
  while (true) {
    const number = load<u32>(entry);
    const sub = load<u32>(entry, 4);
    if (number == ANY && sub == ANY) return 0;
    if (number == leaf && (sub == ANY || sub == subleaf)) return entry;
    entry += ENTRY;
  }
}

function apicEnabled(): bool {
  return readMachineMsr(MSR_APIC_BASE) && (<u32>msrValue() & APIC_BASE_ENABLE) != 0;
}
