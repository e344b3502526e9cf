import { descriptor, gate, GATE, DPL3, MAP, SELECTOR } from '../lab-map.js';
import type { Lab, LabOptions } from '../lab.js';
import { listing } from '../listing.js';
import { outcome, told, trap, type TrapCase } from '../trap-case.js';

const UMIP = 1n << 11n;
const USER: LabOptions = { mode: 'prot32', cpl: 3 };
const USER_UMIP: LabOptions = { ...USER, cr4: UMIP };
const KERNEL_UMIP: LabOptions = { mode: 'prot32', cr4: UMIP };
const USER64: LabOptions = { mode: 'long', cpl: 3 };

/** Runs code that ends in INT 80h at CPL 3 and shows what it left at the data area. */
const stored = (code: Uint8Array) => (lab: Lab) => {
  const end = told(lab.openGate(0x80).execute(code));
  return [end.replace(/ at.*/, ''), lab.read32(MAP.data).toString(16), lab.read32(MAP.data + 4).toString(16)];
};

const SGDT = listing`
    0f 01 05 00 00 02 00 ; sgdt [0x20000]
    cd 80 ; int 0x80
  `;
const SIDT = listing`
    0f 01 0d 00 00 02 00 ; sidt [0x20000]
    cd 80 ; int 0x80
  `;
const SLDT = listing`
    0f 00 05 00 00 02 00 ; sldt [0x20000]
    cd 80 ; int 0x80
  `;
const STR = listing`
    0f 00 0d 00 00 02 00 ; str [0x20000]
    cd 80 ; int 0x80
  `;
const SMSW = listing`
    0f 01 25 00 00 02 00 ; smsw [0x20000]
    cd 80 ; int 0x80
  `;
const SMSW_REGISTER = listing`
    0f 01 e0 ; smsw eax
    a3 00 00 02 00 ; mov [0x20000], eax
    cd 80 ; int 0x80
  `;

const umip = 'vol. 3, 2.5 (UMIP)';

/** LAR, LSL, VERR or VERW of a selector in EBX, ZF and the answer stored. */
const LAR = listing`
    b8 5a 5a 5a 5a ; mov eax, 0x5a5a5a5a
    0f 02 c3 ; lar eax, ebx
    a3 00 00 02 00 ; mov [0x20000], eax
    0f 94 05 04 00 02 00 ; setz [0x20004]
    cd 80 ; int 0x80
  `;
const LSL = listing`
    b8 5a 5a 5a 5a ; mov eax, 0x5a5a5a5a
    0f 03 c3 ; lsl eax, ebx
    a3 00 00 02 00 ; mov [0x20000], eax
    0f 94 05 04 00 02 00 ; setz [0x20004]
    cd 80 ; int 0x80
  `;
const VERR = listing`
    0f 00 e3 ; verr bx
    0f 94 05 04 00 02 00 ; setz [0x20004]
    cd 80 ; int 0x80
  `;
const VERW = listing`
    0f 00 eb ; verw bx
    0f 94 05 04 00 02 00 ; setz [0x20004]
    cd 80 ; int 0x80
  `;

/** What an instruction about a selector answers at CPL 3. @param select makes the selector */
const about = (code: Uint8Array, select: (lab: Lab) => number) => (lab: Lab) => {
  lab.openGate(0x80).registers({ rbx: BigInt(select(lab)) });
  lab.execute(code);
  return [lab.read32(MAP.data).toString(16), lab.memory.read8(MAP.data + 4)];
};
const UNTOUCHED = '5a5a5a5a';
const lar = 'vol. 2, LAR';
const lsl = 'vol. 2, LSL';
const verr = 'vol. 2, VERR/VERW';

/** Flags after POPF or IRET tried to set everything. */
const popf = (options: LabOptions, code: Uint8Array, name: string, expected: string): TrapCase =>
  trap(name, 'vol. 2, POPF; vol. 3, 5.1', options, (lab) => {
    lab.openGate(0x80).execute(code);
    return lab.stack(lab.state, 2).toString(16);
  }, expected); // prettier-ignore

const POPF = listing`
    68 02 32 00 00 ; push dword 0x3202
    9d ; popfd
    cd 80 ; int 0x80
  `;
const POPF_CLEAR = listing`
    6a 02 ; push dword 0x2
    9d ; popfd
    cd 80 ; int 0x80
  `;
const IRET_SAME = listing`
    68 02 32 00 00 ; push dword 0x3202
    0e ; push cs
    68 0c 00 01 00 ; push dword target
    cf ; iretd
    cd 80 ; target: int 0x80
  `;

export const SENSITIVE_CASES: readonly TrapCase[] = [
  trap('SGDT at CPL 3 stores the table register', 'vol. 2, SGDT', USER, stored(SGDT), ['int 80h', '200003ff', '0']),
  trap('SIDT at CPL 3 stores the table register', 'vol. 2, SIDT', USER, stored(SIDT), ['int 80h', '30000fff', '0']),
  trap('SLDT at CPL 3 stores the selector', 'vol. 2, SLDT', USER, stored(SLDT), ['int 80h', '0', '0']),
  trap('STR at CPL 3 stores the selector', 'vol. 2, STR', USER, stored(STR), ['int 80h', '58', '0']),
  trap('SMSW at CPL 3 stores CR0 bits 15:0', 'vol. 2, SMSW', USER, stored(SMSW), ['int 80h', '11', '0']),
  trap(
    'SMSW to a register stores CR0 bits 31:0',
    'vol. 2, SMSW',
    { ...USER, cr0: (1n << 30n) | (1n << 29n) },
    stored(SMSW_REGISTER),
    ['int 80h', '60000011', '0'],
  ),
  outcome('SGDT at CPL 3 with UMIP', umip, USER_UMIP, SGDT, '#GP(0) at +0'),
  outcome('SIDT at CPL 3 with UMIP', umip, USER_UMIP, SIDT, '#GP(0) at +0'),
  outcome('SLDT at CPL 3 with UMIP', umip, USER_UMIP, SLDT, '#GP(0) at +0'),
  outcome('STR at CPL 3 with UMIP', umip, USER_UMIP, STR, '#GP(0) at +0'),
  outcome('SMSW at CPL 3 with UMIP', umip, USER_UMIP, SMSW, '#GP(0) at +0'),
  trap('SGDT at CPL 0 with UMIP', umip, KERNEL_UMIP, stored(SGDT), ['int 80h', '200003ff', '0']),
  outcome(
    'SLDT in real mode',
    'vol. 2, SLDT',
    { mode: 'real' },
    listing`
    0f 00 c0 ; sldt ax
  `,
    '#UD at +0',
  ),
  outcome(
    'STR in virtual-8086 mode',
    'vol. 2, STR',
    { mode: 'v86' },
    listing`
    0f 00 c8 ; str ax
  `,
    '#UD at +0',
  ),
  outcome(
    'SGDT in virtual-8086 mode with UMIP',
    umip,
    { mode: 'v86', cr4: UMIP },
    listing`
    0f 01 06 00 00 ; sgdt [0]
  `,
    '#GP(0) at +0',
  ),
  trap(
    'SGDT in 64-bit mode stores a base of 8 bytes',
    'vol. 2, SGDT',
    USER64,
    (lab) => {
      lab.set({ gdtr: { base: 0xffff_8000_0000_2000n, limit: 0x3ff } });
      // The handler is reached through this table too, so it is read back before an interrupt needs it.
      lab.load(listing`
      0f 01 04 25 00 00 02 00 ; sgdt [0x20000]
      f4 ; hlt
    `);
      lab.run();
      return lab.read64(MAP.data + 2).toString(16);
    },
    'ffff800000002000',
  ),

  popf(USER, POPF, 'POPF at CPL 3, IOPL 0 leaves IF and IOPL alone in silence', '2'),
  popf({ ...USER, rflags: 0x3000n }, POPF, 'POPF at CPL 3, IOPL 3 changes IF', '3202'),
  popf({ ...USER, rflags: 0x3200n }, POPF_CLEAR, 'POPF at CPL 3 never changes IOPL', '3002'),
  popf({ mode: 'prot32' }, POPF, 'POPF at CPL 0 changes IF and IOPL', '3202'),
  popf(USER, IRET_SAME, 'IRET at CPL 3, IOPL 0 leaves IF and IOPL alone in silence', '2'),
  popf({ mode: 'prot32' }, IRET_SAME, 'IRET at CPL 0 changes IF and IOPL', '3202'),
  trap(
    'PUSHF at CPL 3 shows the true IF and IOPL',
    'vol. 2, PUSHF',
    { ...USER, rflags: 0x1200n },
    stored(listing`
    9c ; pushfd
    8f 05 00 00 02 00 ; pop dword [0x20000]
    cd 80 ; int 0x80
  `),
    ['int 80h', '1202', '0'],
  ),
  outcome(
    'CLI at CPL 3, IOPL 0',
    'vol. 2, CLI',
    USER,
    listing`
    90 ; nop
    fa ; cli
  `,
    '#GP(0) at +1',
  ),
  outcome(
    'STI at CPL 3, IOPL 0',
    'vol. 2, STI',
    USER,
    listing`
    fb ; sti
  `,
    '#GP(0) at +0',
  ),
  trap(
    'PUSH CS shows the ring in its RPL',
    'vol. 3, 5.5 (ring aliasing)',
    USER,
    stored(listing`
    0e ; push cs
    8f 05 00 00 02 00 ; pop dword [0x20000]
    16 ; push ss
    8f 05 04 00 02 00 ; pop dword [0x20004]
    cd 80 ; int 0x80
  `),
    ['int 80h', '23', '2b'],
  ),
  trap(
    'MOV from CS shows the ring in its RPL',
    'vol. 3, 5.5 (ring aliasing)',
    USER64,
    stored(listing`
    8c c8 ; mov eax, cs
    89 04 25 00 00 02 00 ; mov [0x20000], eax
    cd 80 ; int 0x80
  `),
    ['int 80h', '33', '0'],
  ),

  trap(
    "LAR of a kernel's data segment fails at CPL 3",
    lar,
    USER,
    about(LAR, () => SELECTOR.data),
    [UNTOUCHED, 0],
  ),
  trap(
    "LAR of a user's data segment",
    lar,
    USER,
    about(LAR, () => SELECTOR.userData | 3),
    ['cff300', 1],
  ),
  trap(
    'LAR of a conforming segment of an inner ring',
    lar,
    USER,
    about(LAR, () => SELECTOR.conforming),
    ['cf9f00', 1],
  ),
  trap(
    'LAR of a null selector',
    lar,
    USER,
    about(LAR, () => 3),
    [UNTOUCHED, 0],
  ),
  trap(
    'LAR beyond the table',
    lar,
    USER,
    about(LAR, () => 0x1000),
    [UNTOUCHED, 0],
  ),
  trap(
    'LAR of a call gate',
    lar,
    USER,
    about(LAR, (lab) => lab.describe(0, gate(SELECTOR.code32, 0x1234, GATE.call32, 3, 5)) | 3),
    ['ec00', 1],
  ),
  trap(
    'LAR of an interrupt gate fails',
    lar,
    USER,
    about(LAR, (lab) => lab.describe(0, gate(SELECTOR.code32, 0, GATE.interrupt32, 3)) | 3),
    [UNTOUCHED, 0],
  ),
  trap(
    'LAR of a segment that is not present',
    lar,
    USER,
    about(LAR, (lab) => lab.describe(0, descriptor(0, 0, 0x12 | DPL3)) | 3),
    ['7200', 1],
  ),
  trap(
    'LSL scales page-granular limits',
    lsl,
    USER,
    about(LSL, (lab) => lab.describe(0, descriptor(0, 5, 0x8093 | DPL3)) | 3),
    ['5fff', 1],
  ),
  trap(
    'LSL of a call gate fails',
    lsl,
    USER,
    about(LSL, (lab) => lab.describe(0, gate(SELECTOR.code32, 0, GATE.call32, 3)) | 3),
    [UNTOUCHED, 0],
  ),
  trap(
    'LSL of a TSS',
    lsl,
    { mode: 'prot32' },
    about(LSL, () => SELECTOR.tss),
    ['67', 1],
  ),
  trap(
    "VERR of a kernel's data segment fails at CPL 3",
    verr,
    USER,
    about(VERR, () => SELECTOR.data),
    ['0', 0],
  ),
  trap(
    'VERR of execute-only code fails',
    verr,
    USER,
    about(VERR, (lab) => lab.describe(0, descriptor(0, 0xffff, 0x98 | DPL3)) | 3),
    ['0', 0],
  ),
  trap(
    'VERR of conforming code of an inner ring',
    verr,
    USER,
    about(VERR, () => SELECTOR.conforming),
    ['0', 1],
  ),
  trap(
    'VERW of read-only data fails',
    verr,
    USER,
    about(VERW, (lab) => lab.describe(0, descriptor(0, 0xffff, 0x90 | DPL3)) | 3),
    ['0', 0],
  ),
  trap(
    'VERW of code fails',
    verr,
    USER,
    about(VERW, () => SELECTOR.userCode32 | 3),
    ['0', 0],
  ),
  trap(
    'VERW of writable data',
    verr,
    USER,
    about(VERW, () => SELECTOR.userData | 3),
    ['0', 1],
  ),
  trap(
    'VERR of a system descriptor fails',
    verr,
    { mode: 'prot32' },
    about(VERR, () => SELECTOR.tss),
    ['0', 0],
  ),
  outcome(
    'LAR in real mode',
    lar,
    { mode: 'real' },
    listing`
    0f 02 c3 ; lar ax, bx
  `,
    '#UD at +0',
  ),
  outcome(
    'VERR in virtual-8086 mode',
    verr,
    { mode: 'v86' },
    listing`
    0f 00 e3 ; verr bx
  `,
    '#UD at +0',
  ),
  outcome(
    'ARPL in real mode',
    'vol. 2, ARPL',
    { mode: 'real' },
    listing`
    63 d8 ; arpl ax, bx
  `,
    '#UD at +0',
  ),
  trap(
    'ARPL raises RPL',
    'vol. 2, ARPL',
    USER,
    (lab) => {
      lab.openGate(0x80).registers({ rax: 0x10n, rbx: 3n }).execute(listing`
      63 d8 ; arpl ax, bx
      0f 94 c1 ; setz cl
      cd 80 ; int 0x80
    `);
      const { rax, rcx } = lab.state.general;
      return [rax, rcx];
    },
    [0x13n, 1n],
  ),
];
