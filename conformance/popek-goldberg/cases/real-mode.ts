import { MAP } from '../lab-map.js';
import type { Lab, LabOptions } from '../lab.js';
import { listing } from '../listing.js';
import { outcome, told, trap, type TrapCase } from '../trap-case.js';

const REAL: LabOptions = { mode: 'real' };
const limits = 'vol. 3, 20.1.4, table 20-6';

/** Bytes at 20h and at 10_0020h, told apart. */
function mark(lab: Lab): Lab {
  lab.memory.write8(0x20, 0x11);
  lab.memory.write8(0x10_0020, 0x22);
  return lab;
}
const READ_FFFF_30 = listing`
    b8 ff ff ; mov ax, 0xffff
    8e d8 ; mov ds, ax
    a0 30 00 ; mov al, [0x30]
  `;

export const REAL_MODE_CASES: readonly TrapCase[] = [
  trap(
    'A20 open: FFFF:0030 lies beyond 1 MiB',
    'vol. 3, 9.9',
    REAL,
    (lab) => {
      mark(lab).execute(READ_FFFF_30);
      return lab.state.general.rax & 0xffn;
    },
    0x22n,
  ),
  trap(
    'A20 masked: FFFF:0030 wraps to 20h',
    'vol. 3, 8.7.13.4',
    REAL,
    (lab) => {
      mark(lab).engine.setA20(false);
      lab.execute(READ_FFFF_30);
      return lab.state.general.rax & 0xffn;
    },
    0x11n,
  ),
  trap(
    'A20 masked in the middle of a run',
    'vol. 3, 8.7.13.4',
    REAL,
    (lab) => {
      mark(lab).onPortWrite = () => lab.engine.setA20(false);
      lab.execute(listing`
      b8 ff ff ; mov ax, 0xffff
      8e d8 ; mov ds, ax
      8a 1e 30 00 ; mov bl, [0x30]
      e6 92 ; out 0x92, al
      8a 3e 30 00 ; mov bh, [0x30]
    `);
      return lab.state.general.rbx;
    },
    0x1122n,
  ),
  trap(
    'unreal mode: a limit loaded in protected mode stays',
    'vol. 3, 9.9.2',
    REAL,
    (lab) => {
      lab.memory.write8(0x20_0000, 0x5a);
      const end = told(
        lab.execute(listing`
      0f 20 c0 ; mov eax, cr0
      40 ; inc ax
      0f 22 c0 ; mov cr0, eax
      bb 10 00 ; mov bx, 0x10
      8e db ; mov ds, bx
      48 ; dec ax
      0f 22 c0 ; mov cr0, eax
      31 db ; xor bx, bx
      8e db ; mov ds, bx
      66 bb 00 00 20 00 ; mov ebx, 0x200000
      67 8a 0b ; mov cl, [ebx]
    `),
      );
      return [end, lab.state.general.rcx];
    },
    ['end', 0x5an],
  ),
  trap(
    'unreal mode: a hidden base stays until the register is loaded',
    'vol. 3, 3.4.3',
    REAL,
    (lab) => {
      lab.memory.write8(0x3_0004, 0x77);
      lab.segment('ds', { base: 0x3_0000n });
      lab.execute(listing`
      a0 04 00 ; mov al, [4]
      1e ; push ds
      1f ; pop ds
      8a 26 04 00 ; mov ah, [4]
    `);
      return lab.state.general.rax & 0xffn;
    },
    0x77n,
  ),
  trap(
    'protected mode begins with the old CS',
    'vol. 3, 9.9.1',
    REAL,
    (lab) => {
      const end = told(
        lab.execute(listing`
      0f 20 c0 ; mov eax, cr0
      40 ; inc ax
      0f 22 c0 ; mov cr0, eax
      8c cb ; mov bx, cs
    `),
      );
      const { segments, general } = lab.state;
      return [end, general.rbx, segments.cs.base];
    },
    ['end', 0x1000n, 0x10000n],
  ),
  outcome(
    'a word at the limit',
    limits,
    REAL,
    listing`
    a1 ff ff ; mov ax, [0xffff]
  `,
    '#GP at +0',
  ),
  outcome(
    'a word at the limit of the stack segment',
    limits,
    REAL,
    listing`
    bd ff ff ; mov bp, 0xffff
    8b 46 00 ; mov ax, [bp]
  `,
    '#SS at +3',
  ),
  outcome(
    'a 32-bit offset beyond the limit',
    limits,
    REAL,
    listing`
    66 bb 00 00 01 00 ; mov ebx, 0x10000
    67 8a 03 ; mov al, [ebx]
  `,
    '#GP at +6',
  ),
  outcome(
    'a jump beyond the limit',
    limits,
    REAL,
    listing`
    66 b8 00 00 01 00 ; mov eax, 0x10000
    66 ff e0 ; jmp eax
  `,
    '#GP at +6',
  ),
  outcome(
    'MOV to CS',
    'vol. 2, MOV',
    REAL,
    listing`
    8e c8 ; db 0x8e, 0xc8
  `,
    '#UD at +0',
  ),
  outcome(
    'LOCK on an instruction that cannot be locked',
    'vol. 2, LOCK',
    REAL,
    listing`
    f0 89 c0 ; db 0xf0, 0x89, 0xc0
  `,
    '#UD at +0',
  ),
  outcome(
    'a vector beyond the limit of IDTR',
    'vol. 3, 20.1.4',
    REAL,
    listing`
    cd 40 ; int 0x40
  `,
    '#GP at +0',
    (lab) => void lab.set({ idtr: { base: 0n, limit: 0xff } }),
  ),
  outcome(
    'an IDTR that holds no vector at all',
    'vol. 3, 6.15 (#DF)',
    REAL,
    listing`
    cd 40 ; int 0x40
  `,
    'shutdown',
    (lab) => void lab.set({ idtr: { base: 0n, limit: 0 } }),
  ),
  trap(
    'LIDT moves the vector table',
    'vol. 3, 20.1.4',
    REAL,
    (lab) => {
      lab.write32(0x600 + 0x21 * 4, (MAP.stubs >>> 4) * 0x10000 + 0x770);
      lab.set({ idtr: { base: 0x600n, limit: 0x3ff } });
      return told(
        lab.execute(listing`
      cd 21 ; int 0x21
    `),
      );
    },
    'int 77h at +2',
  ),
  trap(
    'an interrupt pushes 16-bit FLAGS, CS, IP and clears IF, TF and AC',
    'vol. 3, 20.1.4',
    { ...REAL, rflags: 0x40a02n },
    (lab) => {
      const end = told(
        lab.execute(listing`
      cd 30 ; int 0x30
    `),
      );
      const { state } = lab;
      return [end, [0, 1, 2].map((i) => lab.stack(state, i).toString(16)), state.rflags, state.general.rsp];
    },
    ['int 30h at +2', ['2', '1000', 'a02'], 0x802n, BigInt(MAP.ring0Stack - 6)],
  ),
  trap(
    'PUSH SP pushes the old value',
    'vol. 2, PUSH',
    REAL,
    (lab) => {
      lab.execute(listing`
      54 ; push sp
      58 ; pop ax
    `);
      return lab.state.general.rax;
    },
    BigInt(MAP.ring0Stack),
  ),
  trap(
    'SP wraps at 64 KiB',
    'vol. 1, 6.2.3',
    REAL,
    (lab) => {
      lab.registers({ rsp: 0n, rax: 0x1234n }).execute(listing`
      50 ; push ax
    `);
      return [lab.state.general.rsp, lab.memory.read16(0xfffe)];
    },
    [0xfffen, 0x1234],
  ),
  outcome(
    'a push with SP = 1',
    'vol. 2, PUSH',
    REAL,
    listing`
    50 ; push ax
  `,
    'shutdown',
    (lab) => void lab.registers({ rsp: 1n }),
  ),
];
