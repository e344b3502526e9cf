import { gate, GATE, MAP, SELECTOR, TSS_BYTES } from '../lab-map.js';
import type { Lab, LabOptions } from '../lab.js';
import { listing } from '../listing.js';
import { outcome, told, trap, type TrapCase } from '../trap-case.js';

const IOPL0: LabOptions = { mode: 'v86' };
const IOPL3: LabOptions = { mode: 'v86', rflags: 0x3000n };
const sensitive = 'vol. 3, 20.2.7';
const entering = 'vol. 3, 20.2.5';
const interrupts = 'vol. 3, 20.3';

const refused = (name: string, code: Uint8Array): TrapCase =>
  outcome(`${name} with IOPL 0`, sensitive, IOPL0, code, '#GP(0) at +0');

export const VIRTUAL_8086_CASES: readonly TrapCase[] = [
  refused(
    'CLI',
    listing`
    fa ; cli
  `,
  ),
  refused(
    'STI',
    listing`
    fb ; sti
  `,
  ),
  refused(
    'PUSHF',
    listing`
    9c ; pushf
  `,
  ),
  refused(
    'POPF',
    listing`
    9d ; popf
  `,
  ),
  refused(
    'INT n',
    listing`
    cd 21 ; int 0x21
  `,
  ),
  refused(
    'IRET',
    listing`
    cf ; iret
  `,
  ),
  outcome(
    'HLT',
    'vol. 2, HLT',
    IOPL3,
    listing`
    f4 ; hlt
  `,
    '#GP(0) at +0',
  ),
  outcome(
    'INT3 ignores IOPL',
    interrupts,
    IOPL0,
    listing`
    cc ; int3
  `,
    '#BP at +1',
    (lab) => void lab.openGate(3),
  ),
  trap(
    'with IOPL 3 CLI, STI, PUSHF, POPF and IRET do not trap',
    sensitive,
    IOPL3,
    (lab) => {
      lab.openGate(0x80).execute(listing`
      fb ; sti
      fa ; cli
      9c ; pushf
      58 ; pop ax
      68 02 02 ; push word 0x202
      9d ; popf
      6a 03 ; push word 0x3
      0e ; push cs
      68 0f 00 ; push word target
      cf ; iret
      cd 80 ; target: int 0x80
    `);
      return [lab.stack(lab.state, 2).toString(16), lab.state.general.rax.toString(16)];
    },
    ['23003', '3002'],
  ),
  trap(
    'INT n with IOPL 3 enters ring 0 with the segments on its stack',
    interrupts,
    IOPL3,
    (lab) => {
      lab.openGate(0x80).segment('ds', { selector: 0x123, base: 0x1230n });
      const end = told(
        lab.execute(listing`
      cd 80 ; int 0x80
    `),
      );
      const frame = Array.from({ length: 9 }, (_, i) => lab.stack(lab.state, i).toString(16));
      return [end, frame, lab.state.segments.ds.selector, lab.state.segments.ss.selector];
    },
    ['int 80h at +2', ['2', '1000', '23002', 'e000', '0', '0', '123', '0', '0'], 0, SELECTOR.data],
  ),
  outcome(
    'a handler outside ring 0',
    interrupts,
    IOPL3,
    listing`
    cd 80 ; int 0x80
  `,
    '#GP(20) at +0',
    (lab) => void lab.handler(0x80, gate(SELECTOR.userCode32, MAP.stubs, GATE.interrupt32, 3)),
  ),
  outcome(
    'IN ignores IOPL: without a bitmap it traps',
    'vol. 3, 20.2.8.1',
    IOPL3,
    listing`
    e4 80 ; in al, 0x80
  `,
    '#GP(0) at +0',
  ),
  outcome(
    'OUT with its bit clear',
    'vol. 3, 20.2.8.1',
    IOPL3,
    listing`
    e6 80 ; out 0x80, al
    cd 80 ; int 0x80
  `,
    'int 80h at +4',
    (lab) => {
      lab.openGate(0x80).set({ tr: { ...lab.state.tr, limit: TSS_BYTES + 32 } });
      lab.memory.write8(MAP.tss + TSS_BYTES + 32, 0xff);
    },
  ),
  trap(
    'IRET to virtual-8086 mode loads nine words',
    entering,
    { mode: 'prot32' },
    (lab) => {
      lab.memory.write8(MAP.code + 0x100, 0xf4);
      const { event } = lab.execute(listing`
      6a 55 ; push dword 0x55
      6a 44 ; push dword 0x44
      6a 33 ; push dword 0x33
      6a 22 ; push dword 0x22
      6a 11 ; push dword 0x11
      68 00 e0 00 00 ; push dword 0xe000
      68 02 00 02 00 ; push dword 0x20002
      68 00 10 00 00 ; push dword 0x1000
      68 00 01 00 00 ; push dword 0x100
      cf ; iretd
    `);
      const frame = Array.from({ length: 9 }, (_, i) => lab.stack(lab.state, i + 1).toString(16));
      return [event, frame];
    },
    [13, ['100', '1000', '30002', 'e000', '11', '22', '33', '44', '55']],
  ),
  trap(
    'IRET at CPL 3 cannot set VM',
    entering,
    { mode: 'prot32', cpl: 3 },
    (lab) => {
      lab.openGate(0x80).execute(listing`
      68 02 00 02 00 ; push dword 0x20002
      0e ; push cs
      68 0c 00 01 00 ; push dword target
      cf ; iretd
      cd 80 ; target: int 0x80
    `);
      return lab.stack(lab.state, 2);
    },
    2,
  ),
  trap(
    'POPF cannot set VM',
    'vol. 2, POPF',
    { mode: 'prot32' },
    (lab) => {
      lab.execute(listing`
      68 02 00 02 00 ; push dword 0x20002
      9d ; popfd
    `);
      return lab.state.rflags;
    },
    2n,
  ),
  outcome(
    'addresses beyond 64 KiB',
    'vol. 3, 20.2.1',
    IOPL3,
    listing`
    66 bb 00 00 01 00 ; mov ebx, 0x10000
    67 8a 03 ; mov al, [ebx]
  `,
    '#GP(0) at +6',
  ),
  trap(
    'segments are loaded without descriptors',
    'vol. 3, 20.2.1',
    IOPL3,
    (lab: Lab) => {
      lab.write32(0x30004, 0x77).openGate(0x80).execute(listing`
      b8 00 30 ; mov ax, 0x3000
      8e d8 ; mov ds, ax
      8a 1e 04 00 ; mov bl, [4]
      cd 80 ; int 0x80
    `);
      return lab.state.general.rbx;
    },
    0x77n,
  ),
  outcome(
    'CR4.VME: not offered, so reserved',
    'vol. 3, 2.5',
    { mode: 'prot32' },
    listing`
    b8 01 06 00 00 ; mov eax, 0x601
    0f 22 e0 ; mov cr4, eax
  `,
    '#GP(0) at +5',
  ),
];
