import { gate, GATE, MAP, SELECTOR } from '../lab-map.js';
import type { Lab, LabOptions } from '../lab.js';
import { listing } from '../listing.js';
import { outcome, told, trap, type TrapCase } from '../trap-case.js';

const KERNEL: LabOptions = { mode: 'prot32' };
const LEGACY: LabOptions = { mode: 'prot32', paging: 'legacy' };
const NE = 0x20n;
const doubles = 'vol. 3, table 6-5';
const alignment = 'vol. 3, 6.15 (#AC)';
const floats = 'vol. 1, 8.7';
const UD2 = listing`
    0f 0b ; ud2
  `;
const GP = listing`
    b8 f8 00 00 00 ; mov eax, 0xf8
    8e d8 ; mov ds, ax
  `;
const DIVIDE = listing`
    31 c9 ; xor ecx, ecx
    f7 f1 ; div ecx
  `;
const PAGE_FAULT = listing`
    a1 00 00 02 00 ; mov eax, [0x20000]
  `;

/** Makes a vector's gate not present. */
const close =
  (...vectors: readonly number[]) =>
  (lab: Lab) => {
    for (const vector of vectors) lab.memory.write8(MAP.idt + vector * (lab.long ? 16 : 8) + 5, 0x0e);
  };
const missingPage = (lab: Lab): void => void lab.write32(lab.pageEntry(MAP.data), 0);
/** Makes a vector's handler lie in a page that is not there: fetching its first instruction faults. */
const handlerAt = (vector: number, address: number) => (lab: Lab) =>
  void lab.handler(vector, gate(SELECTOR.code32, address, GATE.interrupt32));

const UNALIGNED = listing`
    a1 01 00 02 00 ; mov eax, [0x20001]
    0f 0b ; ud2
  `;
const AC: LabOptions = { mode: 'prot32', cpl: 3, cr0: 1n << 18n, rflags: 0x40000n };

/** x87 divided by zero with that exception unmasked, then WAIT. */
const X87_ZERO = listing`
    db e3 ; fninit
    66 68 7b 03 ; push word 0x37b
    d9 2c 24 ; fldcw [esp]
    d9 e8 ; fld1
    d9 ee ; fldz
    de f9 ; fdivp
    90 ; nop
    9b ; fwait
  `;
const SSE_ZERO = listing`
    68 80 1d 00 00 ; push dword 0x1d80
    0f ae 14 24 ; ldmxcsr [esp]
    b8 01 00 00 00 ; mov eax, 1
    f3 0f 2a c0 ; cvtsi2ss xmm0, eax
    0f 57 c9 ; xorps xmm1, xmm1
    f3 0f 5e c1 ; divss xmm0, xmm1
  `;
const XSAVE_AREA = 0x20000;

export const EXCEPTION_CASES: readonly TrapCase[] = [
  outcome('a contributory fault on a contributory fault', doubles, KERNEL, GP, '#DF(0) at +5', close(13)),
  outcome('a contributory fault on a divide error', doubles, KERNEL, DIVIDE, '#DF(0) at +2', close(0)),
  outcome('a contributory fault on a benign one', doubles, KERNEL, UD2, '#NP(33) at +0', close(6)),
  outcome('a contributory fault on a page fault', doubles, LEGACY, PAGE_FAULT, '#DF(0) at +0', (lab) => {
    missingPage(lab);
    close(14)(lab);
  }),
  outcome('a page fault on a page fault', doubles, LEGACY, PAGE_FAULT, '#DF(0) at +0', (lab) => {
    missingPage(lab);
    // The gate of #PF lies across the border of a page that is not there, the gate of #DF before it.
    const table = 0x31000 - 14 * 8;
    for (let i = 0; i < 14 * 8; i += 8) lab.write64(table + i, lab.read64(MAP.idt + i));
    lab.write32(lab.pageEntry(0x31000), 0).set({ idtr: { base: BigInt(table), limit: 0xfff } });
  }),
  trap(
    'a page fault on a contributory one is served alone',
    doubles,
    LEGACY,
    (lab) => {
      // The gate of #GP lies in a page that is not there, the gate of #PF behind it in one that is.
      const table = 0x31ffc - 13 * 8;
      for (let i = 0; i < 16 * 8; i += 8) lab.write64(table + i, lab.read64(MAP.idt + i));
      lab.write32(lab.pageEntry(0x31000), 0).set({ idtr: { base: BigInt(table), limit: 0xfff } });
      const { event, error } = lab.execute(GP);
      return [event, error, lab.state.cr2];
    },
    [14, 0, 0x31ffcn],
  ),
  outcome('a fault on the double fault', 'vol. 3, 6.15 (#DF)', KERNEL, GP, 'shutdown', close(8, 13)),
  outcome(
    "a fault in a handler's first instruction is a fault of its own",
    doubles,
    LEGACY,
    GP,
    '#PF(0) at +20000',
    (lab) => {
      lab.write32(lab.pageEntry(0x30000), 0);
      handlerAt(13, 0x30000)(lab);
    },
  ),
  trap(
    'an external interrupt through a missing gate sets EXT',
    'vol. 3, 6.13',
    { mode: 'prot32', rflags: 0x200n },
    (lab) => {
      close(0x40)(lab);
      lab.vector = 0x40;
      lab.onPortWrite = () => lab.engine.setInterruptRequest(true);
      return told(
        lab.execute(listing`
      e6 80 ; out 0x80, al
      90 ; nop
    `),
      );
    },
    '#NP(203) at +2',
  ),
  outcome(
    'INT n through a missing gate does not set EXT',
    'vol. 3, 6.13',
    KERNEL,
    listing`
    cd 40 ; int 0x40
  `,
    '#NP(202) at +0',
    close(0x40),
  ),
  trap(
    'INT 13 pushes no error code',
    'vol. 3, 6.4.2',
    KERNEL,
    (lab) => {
      lab.execute(listing`
      cd 0d ; int 0x0d
    `);
      return [lab.state.general.rsp, lab.stack(lab.state, 0)];
    },
    [BigInt(MAP.ring0Stack - 12), MAP.code + 2],
  ),
  outcome(
    'BOUND out of range',
    'vol. 2, BOUND',
    KERNEL,
    listing`
    b8 05 00 00 00 ; mov eax, 5
    62 05 00 00 02 00 ; bound eax, [0x20000]
  `,
    '#BR at +5',
  ),
  outcome(
    'IDIV overflow',
    'vol. 2, IDIV',
    KERNEL,
    listing`
    b8 00 00 00 80 ; mov eax, 0x80000000
    ba ff ff ff ff ; mov edx, 0xffffffff
    89 d1 ; mov ecx, edx
    f7 f9 ; idiv ecx
  `,
    '#DE at +c',
  ),

  outcome('an unaligned read at CPL 3 with AM and AC', alignment, AC, UNALIGNED, '#AC(0) at +0'),
  outcome('an unaligned read with AC alone', alignment, { ...AC, cr0: 0n }, UNALIGNED, '#UD at +5'),
  outcome('an unaligned read with AM alone', alignment, { ...AC, rflags: 0n }, UNALIGNED, '#UD at +5'),
  outcome('an unaligned read at CPL 0', alignment, { ...AC, cpl: 0 }, UNALIGNED, '#UD at +5'),
  outcome(
    'an unaligned push',
    alignment,
    AC,
    listing`
    50 ; push eax
  `,
    '#AC(0) at +0',
    (lab) => void lab.registers({ rsp: 0xdffen }),
  ),
  outcome(
    'an 8-byte operand aligned to 4',
    alignment,
    AC,
    listing`
    0f 6f 05 04 00 02 00 ; movq mm0, [0x20004]
  `,
    '#AC(0) at +0',
  ),
  outcome(
    'MOVAPS unaligned',
    'vol. 2, MOVAPS',
    KERNEL,
    listing`
    0f 28 05 08 00 02 00 ; movaps xmm0, [0x20008]
  `,
    '#GP(0) at +0',
  ),

  outcome(
    'an unmasked x87 exception waits for the next x87 instruction',
    floats,
    { ...KERNEL, cr0: NE },
    X87_ZERO,
    '#MF at +10',
  ),
  trap(
    'FNSTSW does not wait',
    floats,
    { ...KERNEL, cr0: NE },
    (lab) => {
      const end = told(
        lab.execute(listing`
      db e3 ; fninit
      66 68 7b 03 ; push word 0x37b
      d9 2c 24 ; fldcw [esp]
      d9 e8 ; fld1
      d9 ee ; fldz
      de f9 ; fdivp
      df e0 ; fnstsw ax
    `),
      );
      return [end, lab.state.general.rax & 0x84n];
    },
    ['end', 0x84n],
  ),
  outcome('an unmasked SSE exception', 'vol. 1, 11.5', { ...KERNEL, cr4: 0x400n }, SSE_ZERO, '#XM at +15'),
  trap(
    'an unmasked SSE exception leaves its destination',
    'vol. 1, 11.5',
    { ...KERNEL, cr4: 0x400n },
    (lab) => {
      lab.execute(SSE_ZERO);
      return new DataView(lab.state.xsave.buffer, lab.state.xsave.byteOffset).getFloat32(160, true);
    },
    1,
  ),
  outcome(
    'an unmasked SSE exception without OSXMMEXCPT',
    'vol. 3, 2.5',
    KERNEL,
    SSE_ZERO,
    '#UD at +15',
    (lab) => void lab.set({ cr4: 0x200n }),
  ),
  outcome(
    'SSE without OSFXSR',
    'vol. 3, 2.5',
    KERNEL,
    listing`
    0f 57 c0 ; xorps xmm0, xmm0
  `,
    '#UD at +0',
    (lab) => void lab.set({ cr4: 0n }),
  ),
  outcome(
    'x87 with TS',
    'vol. 3, 2.5',
    { ...KERNEL, cr0: 8n },
    listing`
    db e3 ; fninit
  `,
    '#NM at +0',
  ),
  outcome(
    'x87 with EM',
    'vol. 3, 2.5',
    { ...KERNEL, cr0: 4n },
    listing`
    db e3 ; fninit
  `,
    '#NM at +0',
  ),
  outcome(
    'SSE with EM',
    'vol. 3, 2.5',
    { ...KERNEL, cr0: 4n },
    listing`
    0f 57 c0 ; xorps xmm0, xmm0
  `,
    '#UD at +0',
  ),
  outcome(
    'SSE with TS',
    'vol. 3, 2.5',
    { ...KERNEL, cr0: 8n },
    listing`
    0f 57 c0 ; xorps xmm0, xmm0
  `,
    '#NM at +0',
  ),
  outcome(
    'WAIT with TS alone',
    'vol. 3, table 2-2',
    { ...KERNEL, cr0: 8n },
    listing`
    9b ; fwait
  `,
    'end',
  ),
  outcome(
    'WAIT with TS and MP',
    'vol. 3, table 2-2',
    { ...KERNEL, cr0: 10n },
    listing`
    9b ; fwait
  `,
    '#NM at +0',
  ),
  outcome(
    'CLTS ends it',
    'vol. 2, CLTS',
    { ...KERNEL, cr0: 8n },
    listing`
    0f 06 ; clts
    db e3 ; fninit
  `,
    'end',
  ),

  outcome(
    'XSAVE without OSXSAVE',
    'vol. 2, XSAVE',
    KERNEL,
    listing`
    0f ae 25 00 00 02 00 ; xsave [0x20000]
  `,
    '#UD at +0',
  ),
  outcome(
    'XSAVE to an address that is not a multiple of 64',
    'vol. 2, XSAVE',
    { ...KERNEL, cr4: 1n << 18n },
    listing`
    0f ae 25 20 00 02 00 ; xsave [0x20020]
  `,
    '#GP(0) at +0',
  ),
  outcome(
    'XRSTOR with a component that XCR0 lacks',
    'vol. 2, XRSTOR',
    { ...KERNEL, cr4: 1n << 18n },
    listing`
    b8 ff ff ff ff ; mov eax, -1
    89 c2 ; mov edx, eax
    0f ae 2d 00 00 02 00 ; xrstor [0x20000]
  `,
    '#GP(0) at +7',
    (lab) => void lab.write32(XSAVE_AREA + 512, 0x100),
  ),
  outcome(
    'XRSTOR with a reserved byte of its header set',
    'vol. 2, XRSTOR',
    { ...KERNEL, cr4: 1n << 18n },
    listing`
    b8 ff ff ff ff ; mov eax, -1
    89 c2 ; mov edx, eax
    0f ae 2d 00 00 02 00 ; xrstor [0x20000]
  `,
    '#GP(0) at +7',
    (lab) => void lab.write32(XSAVE_AREA + 528, 1),
  ),
  outcome(
    'XRSTOR of a reserved MXCSR bit',
    'vol. 2, XRSTOR',
    { ...KERNEL, cr4: 1n << 18n },
    listing`
    b8 ff ff ff ff ; mov eax, -1
    89 c2 ; mov edx, eax
    0f ae 2d 00 00 02 00 ; xrstor [0x20000]
  `,
    '#GP(0) at +7',
    (lab) => void lab.write32(XSAVE_AREA + 512, 2).write32(XSAVE_AREA + 24, 0x8000_0000),
  ),
  outcome(
    'XSETBV of SSE without x87',
    'vol. 2, XSETBV',
    { ...KERNEL, cr4: 1n << 18n },
    listing`
    31 c9 ; xor ecx, ecx
    31 d2 ; xor edx, edx
    b8 02 00 00 00 ; mov eax, 2
    0f 01 d1 ; xsetbv
  `,
    '#GP(0) at +9',
  ),
  outcome(
    'FXSAVE to an address that is not a multiple of 16',
    'vol. 2, FXSAVE',
    KERNEL,
    listing`
    0f ae 05 08 00 02 00 ; fxsave [0x20008]
  `,
    '#GP(0) at +0',
  ),
  outcome(
    'LDMXCSR of a reserved bit',
    'vol. 2, LDMXCSR',
    KERNEL,
    listing`
    0f ae 15 00 00 02 00 ; ldmxcsr [0x20000]
  `,
    '#GP(0) at +0',
    (lab) => void lab.write32(0x20000, 0x10000),
  ),
];
