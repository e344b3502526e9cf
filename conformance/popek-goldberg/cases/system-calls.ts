import { MAP, SELECTOR } from '../lab-map.js';
import type { Lab, LabOptions } from '../lab.js';
import { listing } from '../listing.js';
import { outcome, told, trap, type TrapCase } from '../trap-case.js';

const STAR = 0xc000_0081;
const LSTAR = 0xc000_0082;
const FMASK = 0xc000_0084;
const TARGET = 0x60000;
const USER64: LabOptions = { mode: 'long', cpl: 3, efer: 1n };
const KERNEL64: LabOptions = { mode: 'long', efer: 1n };
const KERNEL: LabOptions = { mode: 'prot32' };
const syscall = 'vol. 2, SYSCALL';
const sysret = 'vol. 2, SYSRET';
const sysenter = 'vol. 2, SYSENTER';
const sysexit = 'vol. 2, SYSEXIT';

/** SYSCALL goes to 60000h with selectors 18h/20h; SYSRET returns to 2Bh+8/16. */
function setUp(lab: Lab): Lab {
  lab.memory.write8(TARGET, 0xf4);
  return lab
    .msr(STAR, (0x20n << 48n) | (0x18n << 32n))
    .msr(LSTAR, BigInt(TARGET))
    .msr(FMASK, 0x4_0700n);
}
const SYSCALL = listing`
    0f 05 ; syscall
  `;
const SYSRET = listing`
    48 0f 07 ; o64 sysret
  `;
const SYSENTER = listing`
    0f 34 ; sysenter
  `;

export const SYSTEM_CALL_CASES: readonly TrapCase[] = [
  trap(
    'SYSCALL saves RIP and RFLAGS and loads fixed segments',
    syscall,
    { ...USER64, rflags: 0x4_0601n },
    (lab) => {
      setUp(lab).execute(SYSCALL);
      const { general, segments, rflags } = lab.state;
      return [
        general.rcx,
        general.r11,
        segments.cs.selector,
        segments.ss.selector,
        segments.ss.base,
        rflags,
        general.rsp,
      ];
    },
    [0x10002n, 0x4_0603n, 0x18, 0x20, 0n, 3n, BigInt(MAP.userStack)],
  ),
  outcome(
    'SYSCALL without EFER.SCE',
    syscall,
    { mode: 'long', cpl: 3 },
    SYSCALL,
    '#UD at +0',
    (lab) => void setUp(lab),
  ),
  outcome(
    'SYSCALL in compatibility mode',
    syscall,
    { mode: 'compat32', cpl: 3, efer: 1n },
    SYSCALL,
    '#UD at +0',
    (lab) => void setUp(lab),
  ),
  outcome(
    'SYSCALL in protected mode',
    syscall,
    { ...KERNEL, efer: 1n },
    SYSCALL,
    '#UD at +0',
    (lab) => void setUp(lab),
  ),
  outcome('SYSRET at CPL 3', sysret, USER64, SYSRET, '#GP(0) at +0', (lab) => void setUp(lab)),
  outcome('SYSRET to a non-canonical address', sysret, KERNEL64, SYSRET, '#GP(0) at +0', (lab) => {
    setUp(lab).registers({ rcx: 0x8000_0000_0000n });
  }),
  outcome('SYSRET without EFER.SCE', sysret, { mode: 'long' }, SYSRET, '#UD at +0', (lab) => void setUp(lab)),
  trap(
    'SYSRET restores RFLAGS but RF and VM',
    sysret,
    KERNEL64,
    (lab) => {
      setUp(lab).openGate(0x80).registers({ rcx: 0x10100n, r11: 0x3_3a01n });
      lab.memory.write(
        0x10100,
        listing`
      cd 80 ; int 0x80
    `,
      );
      const end = told(lab.execute(SYSRET));
      return [end, lab.stack(lab.state, 1), lab.stack(lab.state, 2).toString(16), lab.stack(lab.state, 4)];
    },
    ['int 80h at +102', SELECTOR.userCode64 | 3, '3a03', SELECTOR.userData | 3],
  ),
  trap(
    'SYSRET to compatibility mode',
    sysret,
    KERNEL64,
    (lab) => {
      setUp(lab).openGate(0x80).registers({ rcx: 0xffff_ffff_0001_0100n, r11: 2n });
      lab.memory.write(
        0x10100,
        listing`
      cd 80 ; int 0x80
    `,
      );
      const end = told(
        lab.execute(listing`
      0f 07 ; o32 sysret
    `),
      );
      return [end, lab.stack(lab.state, 1)];
    },
    ['int 80h at +102', 0x23],
  ),
  outcome('SYSENTER with a null SYSENTER_CS', sysenter, { ...KERNEL, cpl: 3 }, SYSENTER, '#GP(0) at +0'),
  outcome('SYSENTER in real mode', sysenter, { mode: 'real' }, SYSENTER, '#GP at +0', (lab) => void lab.msr(0x174, 8n)),
  trap(
    'SYSENTER loads everything from its registers and clears IF and VM',
    sysenter,
    { mode: 'v86', rflags: 0x3200n },
    (lab) => {
      lab.memory.write8(TARGET, 0xf4);
      lab.msr(0x174, 8n).msr(0x175, 0xb000n).msr(0x176, BigInt(TARGET)).execute(SYSENTER);
      const { general, segments, rflags } = lab.state;
      return [general.rsp, segments.cs.selector, segments.ss.selector, rflags];
    },
    [0xb000n, 8, 0x10, 0x3002n],
  ),
  trap(
    'SYSEXIT returns to ring 3',
    sysexit,
    KERNEL,
    (lab) => {
      lab.openGate(0x80).msr(0x174, 0x10n).registers({ rdx: 0x10100n, rcx: 0xe000n });
      lab.memory.write(
        0x10100,
        listing`
      cd 80 ; int 0x80
    `,
      );
      const end = told(
        lab.execute(listing`
      0f 35 ; sysexit
    `),
      );
      return [end, ...[1, 3, 4].map((i) => lab.stack(lab.state, i))];
    },
    ['int 80h at +102', 0x23, 0xe000, 0x2b],
  ),
  outcome(
    'SYSEXIT at CPL 3',
    sysexit,
    { ...KERNEL, cpl: 3 },
    listing`
    0f 35 ; sysexit
  `,
    '#GP(0) at +0',
    (lab) => void lab.msr(0x174, 0x10n),
  ),
  outcome(
    'SYSEXIT to a non-canonical address',
    sysexit,
    KERNEL64,
    listing`
    48 0f 35 ; o64 sysexit
  `,
    '#GP(0) at +0',
    (lab) => void lab.msr(0x174, 0x10n).registers({ rdx: 0x8000_0000_0000n }),
  ),
];
