import { descriptor, gate, GATE, MAP, SELECTOR } from '../lab-map.js';
import type { Lab, LabOptions } from '../lab.js';
import { listing } from '../listing.js';
import { outcome, trap, type TrapCase } from '../trap-case.js';

const USER: LabOptions = { mode: 'prot32', cpl: 3 };
const KERNEL: LabOptions = { mode: 'prot32' };
const USER64: LabOptions = { mode: 'long', cpl: 3 };
const KERNEL64: LabOptions = { mode: 'long' };
const gates = 'vol. 3, 5.8.3';
const stacks = 'vol. 3, 5.8.5';
const conforming = 'vol. 3, 5.8.1.2';
const TARGET = 0x60000;

/** Code behind a call gate at 90h: ends where it begins. */
function target(
  lab: Lab,
  dpl = 3,
  parameters = 0,
  selector: number = SELECTOR.code32,
  type: number = GATE.call32,
): Lab {
  lab.describe(0, gate(selector, TARGET, type, dpl, parameters));
  lab.memory.write8(TARGET, 0xf4);
  return lab;
}
/** The same to ring 1, whose stack is to be found wanting while ring 0's is good. @param ss of the TSS */
function innerStack(lab: Lab, ss: number, esp: number = MAP.interruptStack): void {
  target(lab, 3, 0, lab.describe(2, descriptor(0, 0xfffff, 0xc09b | 0x20)));
  lab.write32(MAP.tss + 12, esp).write32(MAP.tss + 16, ss);
}
const CALL = listing`
    9a 00 00 00 00 90 00 ; call 0x90:0
  `;
const JMP = listing`
    ea 00 00 00 00 90 00 ; jmp 0x90:0
  `;
const where = (lab: Lab): unknown[] => {
  const { segments, general } = lab.state;
  return [segments.cs.selector, segments.ss.selector, general.rsp.toString(16)];
};
const words = (lab: Lab, count: number): string[] =>
  Array.from({ length: count }, (_, i) => lab.stack(lab.state, i).toString(16));

export const GATE_CASES: readonly TrapCase[] = [
  trap(
    'a call gate to an inner ring switches stacks and copies parameters',
    stacks,
    USER,
    (lab) => {
      target(lab, 3, 2).execute(listing`
      68 11 11 00 00 ; push dword 0x1111
      68 22 22 00 00 ; push dword 0x2222
      9a 00 00 00 00 90 00 ; call 0x90:0
    `);
      return [where(lab), words(lab, 6)];
    },
    [
      [8, 0x10, 'bfe8'],
      ['10011', '23', '2222', '1111', 'dff8', '2b'],
    ],
  ),
  trap(
    'RET n to the outer ring releases parameters on both stacks',
    stacks,
    USER,
    (lab) => {
      target(lab, 3, 2).openGate(0x80);
      lab.memory.write(
        TARGET,
        listing`
      ca 08 00 ; retf 8
    `,
      );
      lab.execute(listing`
      68 11 11 00 00 ; push dword 0x1111
      68 22 22 00 00 ; push dword 0x2222
      9a 00 00 00 00 90 00 ; call 0x90:0
      cd 80 ; int 0x80
    `);
      return words(lab, 5);
    },
    ['10013', '23', '2', 'e000', '2b'],
  ),
  trap(
    'a call gate to the same ring uses the same stack',
    gates,
    KERNEL,
    (lab) => {
      target(lab, 3, 5).execute(CALL);
      return [where(lab), words(lab, 2)];
    },
    [
      [8, 0x10, 'bff8'],
      ['10007', '8'],
    ],
  ),
  trap(
    'a 16-bit call gate pushes words',
    gates,
    USER,
    (lab) => {
      target(lab, 3, 0, SELECTOR.code32, GATE.call16).describe(0, gate(SELECTOR.code32, 0x9000, GATE.call16, 3));
      lab.memory.write8(0x9000, 0xf4);
      lab.execute(CALL);
      return lab.state.general.rsp.toString(16);
    },
    'bff8',
  ),
  trap(
    'a call gate to conforming code keeps the ring',
    gates,
    USER,
    (lab) => {
      target(lab, 3, 0, SELECTOR.conforming).openGate(0x80);
      lab.memory.write(
        TARGET,
        listing`
      cd 80 ; int 0x80
    `,
      );
      lab.execute(CALL);
      return words(lab, 2);
    },
    ['60002', '7b'],
  ),
  outcome('a call gate whose DPL is below CPL', gates, USER, CALL, '#GP(90) at +0', (lab) => void target(lab, 0)),
  outcome('JMP through a gate to an inner ring', gates, USER, JMP, '#GP(8) at +0', (lab) => void target(lab)),
  outcome('a call gate to a null selector', gates, USER, CALL, '#GP(0) at +0', (lab) => void target(lab, 3, 0, 0)),
  outcome('a call gate to data', gates, USER, CALL, '#GP(10) at +0', (lab) => void target(lab, 3, 0, SELECTOR.data)),
  outcome('a call gate that is not present', gates, USER, CALL, '#NP(90) at +0', (lab) => {
    target(lab).memory.write8(MAP.gdt + 0x95, 0x6c);
  }),
  outcome('an inner stack segment that is null', stacks, USER, CALL, '#TS(0) at +0', (lab) => innerStack(lab, 0)),
  outcome('an inner stack segment of the wrong ring', stacks, USER, CALL, '#TS(28) at +0', (lab) =>
    innerStack(lab, SELECTOR.userData | 3),
  ),
  outcome('an inner stack segment that is not present', stacks, USER, CALL, '#SS(98) at +0', (lab) => {
    innerStack(lab, lab.describe(1, descriptor(0, 0xfffff, 0xc013 | 0x20)) | 1);
  }),
  outcome('an inner stack without room', stacks, USER, CALL, '#SS(98) at +0', (lab) => {
    innerStack(lab, lab.describe(1, descriptor(0, 7, 0x4093 | 0x20)) | 1, 8);
  }),
  outcome(
    'a far call to conforming code of an inner ring keeps the ring',
    conforming,
    USER,
    listing`
    9a 08 00 01 00 78 00 ; call 0x78:target
    f4 ; hlt
    f4 ; target: hlt
  `,
    '#GP(0) at +8',
  ),
  outcome(
    'a far jump to code of an inner ring',
    conforming,
    USER,
    listing`
    ea 00 00 01 00 08 00 ; jmp 0x08:0x10000
  `,
    '#GP(8) at +0',
  ),
  outcome(
    'a far jump to code of an outer ring',
    conforming,
    KERNEL,
    listing`
    ea 00 00 01 00 23 00 ; jmp 0x23:0x10000
  `,
    '#GP(20) at +0',
  ),
  outcome(
    'a far jump beyond the segment limit',
    'vol. 2, JMP',
    KERNEL,
    listing`
    ea 00 10 00 00 90 00 ; jmp 0x90:0x1000
  `,
    '#GP(0) at +0',
    (lab) => void lab.describe(0, descriptor(0, 0xfff, 0x409b)),
  ),
  outcome(
    'RET to an inner ring',
    'vol. 2, RET',
    USER,
    listing`
    6a 08 ; push dword 0x08
    68 00 00 01 00 ; push dword 0x10000
    cb ; retf
  `,
    '#GP(8) at +7',
  ),
  outcome(
    'RET to an outer ring with a stack of the wrong ring',
    'vol. 2, RET',
    KERNEL,
    listing`
    6a 10 ; push dword 0x10
    68 00 e0 00 00 ; push dword 0xe000
    6a 23 ; push dword 0x23
    68 00 00 01 00 ; push dword 0x10000
    cb ; retf
  `,
    '#GP(10) at +e',
  ),
  trap(
    'RET to an outer ring clears segments of inner rings',
    'vol. 3, 5.8.6',
    KERNEL,
    (lab) => {
      lab.load(listing`
      66 b8 2b 00 ; mov ax, 0x2b
      8e c0 ; mov es, ax
      6a 2b ; push dword 0x2b
      68 00 e0 00 00 ; push dword 0xe000
      6a 23 ; push dword 0x23
      68 15 00 01 00 ; push dword user
      cb ; retf
      f4 ; user: hlt
    `);
      lab.run();
      const { ds, es, fs } = lab.state.segments;
      return [ds.selector, es.selector, fs.selector];
    },
    [0, 0x2b, 0],
  ),
  trap(
    'an interrupt from ring 3 pushes SS:ESP on the ring 0 stack',
    'vol. 3, 6.12.1',
    { ...USER, rflags: 0x1n },
    (lab) => {
      lab.openGate(0x80).execute(listing`
      cd 80 ; int 0x80
    `);
      return [where(lab), words(lab, 5)];
    },
    [
      [8, 0x10, 'bfec'],
      ['10002', '23', '3', 'e000', '2b'],
    ],
  ),
  outcome(
    'INT n through a gate whose DPL is below CPL',
    'vol. 3, 6.12.1.1',
    USER,
    listing`
    cd 80 ; int 0x80
  `,
    '#GP(402) at +0',
  ),
  outcome(
    'INT3 through a gate whose DPL is below CPL',
    'vol. 3, 6.12.1.1',
    USER,
    listing`
    cc ; int3
  `,
    '#GP(1a) at +0',
  ),
  outcome(
    'INTO through a gate whose DPL is below CPL',
    'vol. 3, 6.12.1.1',
    { ...USER, rflags: 0x800n },
    listing`
    ce ; into
  `,
    '#GP(22) at +0',
  ),
  outcome(
    'INT1 ignores the DPL of its gate',
    'vol. 3, 6.12.1.1',
    USER,
    listing`
    f1 ; int1
  `,
    '#DB at +1',
  ),
  outcome(
    'INT n beyond the limit of IDTR',
    'vol. 3, 6.15 (#GP)',
    KERNEL,
    listing`
    cd 80 ; int 0x80
  `,
    '#GP(402) at +0',
    (lab) => void lab.set({ idtr: { base: BigInt(MAP.idt), limit: 0x3ff } }),
  ),
  outcome(
    'INT n through a gate that is not present',
    'vol. 3, 6.15 (#NP)',
    KERNEL,
    listing`
    cd 80 ; int 0x80
  `,
    '#NP(402) at +0',
    (lab) => void lab.memory.write8(MAP.idt + 0x80 * 8 + 5, 0x0e),
  ),
  outcome(
    'INT n through a gate to data',
    'vol. 3, 6.15 (#GP)',
    KERNEL,
    listing`
    cd 80 ; int 0x80
  `,
    '#GP(10) at +0',
    (lab) => void lab.handler(0x80, gate(SELECTOR.data, 0, GATE.interrupt32)),
  ),
  trap(
    'a 16-bit interrupt gate pushes words',
    'vol. 3, 6.12.1',
    KERNEL,
    (lab) => {
      lab.handler(0x80, gate(SELECTOR.code32, MAP.stubs, GATE.interrupt16)).execute(listing`
      cd 80 ; int 0x80
    `);
      return [lab.state.general.rsp.toString(16), lab.memory.read16(0xbffa).toString(16)];
    },
    ['bffa', '2'],
  ),
  outcome(
    'a fault on the inner stack of an interrupt',
    'vol. 3, 6.15 (#TS)',
    USER,
    listing`
    cd 80 ; int 0x80
  `,
    '#TS(f8) at +0',
    (lab) => {
      innerStack(lab, 0xf8 | 1);
      lab.handler(0x80, gate(0xa0, MAP.stubs, GATE.interrupt32, 3));
    },
  ),

  trap(
    'an interrupt in 64-bit mode aligns the stack and pushes SS:RSP',
    'vol. 3, 6.14.2',
    KERNEL64,
    (lab) => {
      lab.registers({ rsp: 0xbffdn }).execute(listing`
      cd 80 ; int 0x80
    `);
      return [lab.state.general.rsp.toString(16), words(lab, 5)];
    },
    ['bfc8', ['10002', '18', '2', 'bffd', '10']],
  ),
  trap(
    'an interrupt-stack-table entry is used without a change of ring',
    'vol. 3, 6.14.5',
    KERNEL64,
    (lab) => {
      lab.handler(0x80, gate(SELECTOR.code64, MAP.stubs + 0x800, GATE.interrupt32, 0, 1)).execute(listing`
      cd 80 ; int 0x80
    `);
      return lab.state.general.rsp.toString(16);
    },
    'cfd8',
  ),
  trap(
    'ring 3 to ring 0 in long mode leaves a null SS',
    'vol. 3, 6.14.4',
    USER64,
    (lab) => {
      lab.openGate(0x80).execute(listing`
      cd 80 ; int 0x80
    `);
      return lab.state.segments.ss.selector;
    },
    0,
  ),
  outcome(
    'an interrupt gate to 32-bit code in long mode',
    'vol. 3, 6.14.1',
    KERNEL64,
    listing`
    cd 80 ; int 0x80
  `,
    '#GP(8) at +0',
    (lab) => void lab.handler(0x80, gate(SELECTOR.code32, MAP.stubs, GATE.interrupt32)),
  ),
  outcome(
    'a task gate in long mode',
    'vol. 3, 6.14.1',
    KERNEL64,
    listing`
    cd 80 ; int 0x80
  `,
    '#GP(402) at +0',
    (lab) => void lab.handler(0x80, gate(SELECTOR.tss, 0, GATE.task)),
  ),
  outcome(
    'a non-canonical RSP0',
    'vol. 3, 6.15 (#SS)',
    USER64,
    listing`
    cd 80 ; int 0x80
  `,
    '#SS(0) at +0',
    (lab) => {
      lab.openGate(0x80).handler(12, gate(SELECTOR.code64, MAP.stubs + 12 * 16, GATE.interrupt32, 0, 1));
      lab.write64(MAP.tss + 4, 0x8000_0000_0000_0000n);
    },
  ),
  trap(
    'a 64-bit call gate pushes SS:RSP, CS:RIP and loads a null SS',
    'vol. 3, 5.8.5.1',
    { mode: 'compat32', cpl: 3 },
    (lab) => {
      target(lab, 3, 0, SELECTOR.code64).describe(1, 0n);
      lab.execute(CALL);
      return [where(lab), words(lab, 4)];
    },
    [
      [SELECTOR.code64, 0, 'bfe0'],
      ['10007', '23', 'e000', '2b'],
    ],
  ),
  outcome(
    'a 64-bit call gate to 32-bit code',
    'vol. 3, 5.8.3.1',
    { mode: 'compat32', cpl: 3 },
    CALL,
    '#GP(8) at +0',
    (lab) => {
      target(lab).describe(1, 0n);
    },
  ),
  trap(
    'IRET in long mode always pops SS:RSP',
    'vol. 2, IRET',
    KERNEL64,
    (lab) => {
      lab.execute(listing`
      6a 10 ; push 0x10
      68 00 b0 00 00 ; push 0xb000
      6a 02 ; push 0x2
      6a 18 ; push 0x18
      48 8d 05 03 00 00 00 ; lea rax, [rel next]
      50 ; push rax
      48 cf ; iretq
      90 ; next: nop
    `);
      return lab.state.general.rsp.toString(16);
    },
    'b000',
  ),
  outcome(
    'IRET to a non-canonical address',
    'vol. 2, IRET',
    KERNEL64,
    listing`
    48 b8 00 00 00 00 00 80 00 00 ; mov rax, 0x800000000000
    6a 10 ; push 0x10
    68 00 b0 00 00 ; push 0xb000
    6a 02 ; push 0x2
    6a 18 ; push 0x18
    50 ; push rax
    48 cf ; iretq
  `,
    '#GP(0) at +16',
  ),
  outcome(
    'IRET to ring 3 with a null SS',
    'vol. 2, IRET',
    KERNEL64,
    listing`
    6a 03 ; push 0x3
    68 00 e0 00 00 ; push 0xe000
    6a 02 ; push 0x2
    6a 33 ; push 0x33
    68 00 00 01 00 ; push 0x10000
    48 cf ; iretq
  `,
    '#GP(0) at +10',
  ),
  trap(
    'compatibility mode truncates addresses to 32 bits',
    'vol. 1, 3.3.7',
    { mode: 'compat32' },
    (lab) => {
      lab.write32(0x20000, 0x1234).registers({ rbx: 0xffff_ffff_0002_0000n }).execute(listing`
      8b 03 ; mov eax, [ebx]
    `);
      return lab.state.general.rax;
    },
    0x1234n,
  ),
];
