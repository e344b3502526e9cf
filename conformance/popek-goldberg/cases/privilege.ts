import { MAP, SELECTOR, TSS_BYTES, ATTRIBUTES } from '../lab-map.js';
import type { Lab, LabOptions } from '../lab.js';
import { listing } from '../listing.js';
import { outcome, trap, type TrapCase } from '../trap-case.js';

const USER: LabOptions = { mode: 'prot32', cpl: 3 };
const USER64: LabOptions = { mode: 'long', cpl: 3 };
const KERNEL: LabOptions = { mode: 'prot32' };
const KERNEL64: LabOptions = { mode: 'long' };
const privileged = 'vol. 3, 5.9';
const io = 'vol. 1, 18.5.2';
const crs = 'vol. 2, MOV (control registers)';

const refused = (name: string, code: Uint8Array): TrapCase =>
  outcome(`${name} at CPL 3`, privileged, USER64, code, '#GP(0) at +0');

/** An I/O permission bitmap at the end of the TSS that opens port 80h alone, ended at `bytes`. */
const bitmap = (bytes: number) => (lab: Lab) => {
  for (let i = 0; i < bytes; i++) lab.memory.write8(MAP.tss + TSS_BYTES + i, i === 16 ? 0xfe : 0xff);
  lab.openGate(0x80).set({ tr: { ...lab.state.tr, limit: TSS_BYTES + bytes - 1 } });
};
const OUT_80 = listing`
    e6 80 ; out 0x80, al
    cd 80 ; int 0x80
  `;

export const PRIVILEGE_CASES: readonly TrapCase[] = [
  refused(
    'HLT',
    listing`
    f4 ; hlt
  `,
  ),
  refused(
    'MOV from CR0',
    listing`
    0f 20 c0 ; mov rax, cr0
  `,
  ),
  refused(
    'MOV to CR3',
    listing`
    0f 22 d8 ; mov cr3, rax
  `,
  ),
  refused(
    'MOV from CR8',
    listing`
    44 0f 20 c0 ; mov rax, cr8
  `,
  ),
  refused(
    'MOV from DR7',
    listing`
    0f 21 f8 ; mov rax, dr7
  `,
  ),
  refused(
    'LMSW',
    listing`
    0f 01 f0 ; lmsw ax
  `,
  ),
  refused(
    'CLTS',
    listing`
    0f 06 ; clts
  `,
  ),
  refused(
    'LGDT',
    listing`
    0f 01 14 25 00 00 02 00 ; lgdt [0x20000]
  `,
  ),
  refused(
    'LIDT',
    listing`
    0f 01 1c 25 00 00 02 00 ; lidt [0x20000]
  `,
  ),
  refused(
    'LLDT',
    listing`
    0f 00 d0 ; lldt ax
  `,
  ),
  refused(
    'LTR',
    listing`
    0f 00 d8 ; ltr ax
  `,
  ),
  refused(
    'INVLPG',
    listing`
    0f 01 3c 25 00 00 02 00 ; invlpg [0x20000]
  `,
  ),
  refused(
    'WBINVD',
    listing`
    0f 09 ; wbinvd
  `,
  ),
  refused(
    'INVD',
    listing`
    0f 08 ; invd
  `,
  ),
  refused(
    'RDMSR',
    listing`
    0f 32 ; rdmsr
  `,
  ),
  refused(
    'WRMSR',
    listing`
    0f 30 ; wrmsr
  `,
  ),
  refused(
    'SWAPGS',
    listing`
    0f 01 f8 ; swapgs
  `,
  ),
  refused(
    'RDPMC without CR4.PCE',
    listing`
    0f 33 ; rdpmc
  `,
  ),
  outcome(
    'STAC at CPL 3',
    'vol. 2, STAC',
    { ...USER64, cr4: 1n << 21n },
    listing`
    0f 01 cb ; stac
  `,
    '#UD at +0',
  ),
  outcome(
    'XSETBV at CPL 3',
    'vol. 2, XSETBV',
    { ...USER64, cr4: 1n << 18n },
    listing`
    0f 01 d1 ; xsetbv
  `,
    '#GP(0) at +0',
  ),
  outcome(
    'RDTSC at CPL 3 with CR4.TSD',
    'vol. 2, RDTSC',
    { ...USER64, cr4: 4n },
    listing`
    0f 31 ; rdtsc
  `,
    '#GP(0) at +0',
  ),
  outcome(
    'RDTSC at CPL 3',
    'vol. 2, RDTSC',
    { ...USER64 },
    listing`
    0f 31 ; rdtsc
    cd 80 ; int 0x80
  `,
    'int 80h at +4',
    (lab) => void lab.openGate(0x80),
  ),
  outcome(
    'RDTSCP at CPL 3 with CR4.TSD',
    'vol. 2, RDTSCP',
    { ...USER64, cr4: 4n },
    listing`
    0f 01 f9 ; rdtscp
  `,
    '#GP(0) at +0',
  ),
  outcome(
    'MOV to CR5',
    crs,
    KERNEL64,
    listing`
    0f 22 e8 ; db 0x0f, 0x22, 0xe8
  `,
    '#UD at +0',
  ),
  outcome(
    'CR0: PG without PE',
    crs,
    { mode: 'real' },
    listing`
    66 b8 10 00 00 80 ; mov eax, 0x80000010
    0f 22 c0 ; mov cr0, eax
  `,
    '#GP at +6',
  ),
  outcome(
    'CR0: NW without CD',
    crs,
    KERNEL,
    listing`
    b8 11 00 00 20 ; mov eax, 0x20000011
    0f 22 c0 ; mov cr0, eax
  `,
    '#GP(0) at +5',
  ),
  outcome(
    'CR0: PG cleared in 64-bit code',
    crs,
    KERNEL64,
    listing`
    b8 11 00 00 00 ; mov eax, 0x11
    0f 22 c0 ; mov cr0, rax
  `,
    '#GP(0) at +5',
  ),
  outcome(
    'CR4: PAE cleared in long mode',
    crs,
    KERNEL64,
    listing`
    b8 00 06 00 00 ; mov eax, 0x600
    0f 22 e0 ; mov cr4, rax
  `,
    '#GP(0) at +5',
  ),
  outcome(
    'CR4: reserved bit',
    crs,
    KERNEL,
    listing`
    b8 00 06 00 80 ; mov eax, 0x80000600
    0f 22 e0 ; mov cr4, eax
  `,
    '#GP(0) at +5',
  ),
  outcome(
    'CR4: PCIDE outside long mode',
    crs,
    KERNEL,
    listing`
    b8 00 06 02 00 ; mov eax, 0x20600
    0f 22 e0 ; mov cr4, eax
  `,
    '#GP(0) at +5',
  ),
  outcome(
    'CR4: PCIDE with a PCID in CR3',
    crs,
    KERNEL64,
    listing`
    b8 01 00 08 00 ; mov eax, 0x80001
    0f 22 d8 ; mov cr3, rax
    b8 20 06 02 00 ; mov eax, 0x20620
    0f 22 e0 ; mov cr4, rax
  `,
    '#GP(0) at +d',
  ),
  outcome(
    'EFER: LME changed while paging',
    'vol. 3, 9.8.5',
    KERNEL64,
    listing`
    b9 80 00 00 c0 ; mov ecx, 0xc0000080
    31 d2 ; xor edx, edx
    31 c0 ; xor eax, eax
    0f 30 ; wrmsr
  `,
    '#GP(0) at +9',
  ),
  outcome(
    'EFER: reserved bit',
    'vol. 4, table 2-2',
    KERNEL,
    listing`
    b9 80 00 00 c0 ; mov ecx, 0xc0000080
    31 d2 ; xor edx, edx
    b8 02 00 00 00 ; mov eax, 2
    0f 30 ; wrmsr
  `,
    '#GP(0) at +c',
  ),
  outcome(
    'RDMSR of an MSR that does not exist',
    'vol. 2, RDMSR',
    KERNEL,
    listing`
    b9 78 56 34 12 ; mov ecx, 0x12345678
    0f 32 ; rdmsr
  `,
    '#GP(0) at +5',
  ),
  outcome(
    'WRMSR of a non-canonical base',
    'vol. 2, WRMSR',
    KERNEL64,
    listing`
    b9 00 01 00 c0 ; mov ecx, 0xc0000100
    ba 00 80 00 00 ; mov edx, 0x8000
    31 c0 ; xor eax, eax
    0f 30 ; wrmsr
  `,
    '#GP(0) at +c',
  ),
  trap(
    'LMSW sets PE, MP, EM and TS but does not clear PE',
    'vol. 2, LMSW',
    KERNEL,
    (lab) => {
      lab.execute(listing`
      b8 f0 ff 00 00 ; mov eax, 0xfff0
      0f 01 f0 ; lmsw ax
      0f 01 e3 ; smsw ebx
      b8 0e 00 00 00 ; mov eax, 0xe
      0f 01 f0 ; lmsw ax
      0f 01 e1 ; smsw ecx
    `);
      const { rbx, rcx } = lab.state.general;
      return [rbx, rcx];
    },
    [0x11n, 0x1fn],
  ),
  trap(
    'MOV from CR0 in 16-bit code moves 32 bits',
    crs,
    { mode: 'real' },
    (lab) => {
      lab.execute(listing`
      0f 20 c0 ; mov eax, cr0
    `);
      return lab.state.general.rax;
    },
    0x10n,
  ),

  outcome('OUT at CPL 3, IOPL 0 without a bitmap', io, USER, OUT_80, '#GP(0) at +0'),
  outcome('OUT at CPL 3 with its bit clear', io, USER, OUT_80, 'int 80h at +4', bitmap(18)),
  outcome(
    'OUT at CPL 3 with its bit set',
    io,
    USER,
    listing`
    e6 81 ; out 0x81, al
  `,
    '#GP(0) at +0',
    bitmap(18),
  ),
  outcome(
    'OUT of 2 bytes with one bit set',
    io,
    USER,
    listing`
    66 e7 80 ; out 0x80, ax
  `,
    '#GP(0) at +0',
    bitmap(18),
  ),
  outcome('OUT whose second bitmap byte lies beyond the TSS', io, USER, OUT_80, '#GP(0) at +0', bitmap(17)),
  outcome(
    'OUT at CPL 3, IOPL 3',
    io,
    { ...USER, rflags: 0x3000n },
    OUT_80,
    'int 80h at +4',
    (lab) => void lab.openGate(0x80),
  ),
  outcome(
    'LTR of a busy TSS',
    'vol. 2, LTR',
    KERNEL,
    listing`
    b8 58 00 00 00 ; mov eax, 0x58
    0f 00 d8 ; ltr ax
  `,
    '#GP(58) at +5',
  ),
  trap(
    'LTR marks the TSS busy',
    'vol. 2, LTR',
    KERNEL,
    (lab) => {
      const at = MAP.gdt + SELECTOR.tss + 5;
      lab.memory.write8(at, ATTRIBUTES.freeTss);
      lab.execute(listing`
      b8 58 00 00 00 ; mov eax, 0x58
      0f 00 d8 ; ltr ax
    `);
      return lab.memory.read8(at);
    },
    ATTRIBUTES.tss,
  ),
  outcome(
    'LTR of a null selector',
    'vol. 2, LTR',
    KERNEL,
    listing`
    31 c0 ; xor eax, eax
    0f 00 d8 ; ltr ax
  `,
    '#GP(0) at +2',
  ),
  outcome(
    'LLDT of a code segment',
    'vol. 2, LLDT',
    KERNEL,
    listing`
    b8 08 00 00 00 ; mov eax, 8
    0f 00 d0 ; lldt ax
  `,
    '#GP(8) at +5',
  ),
  outcome(
    'LTR in real mode',
    'vol. 2, LTR',
    { mode: 'real' },
    listing`
    0f 00 d8 ; ltr ax
  `,
    '#UD at +0',
  ),
];
