import { ATTRIBUTES, descriptor, DPL3, gate, GATE, MAP, SELECTOR, TSS_BYTES } from '../lab-map.js';
import type { Lab, LabOptions } from '../lab.js';
import { listing } from '../listing.js';
import { outcome, told, trap, type TrapCase } from '../trap-case.js';

const KERNEL: LabOptions = { mode: 'prot32' };
const tasks = 'vol. 3, 7.3';
const busy = 'vol. 3, table 7-2';
const nested = 'vol. 3, 7.4';
const checks = 'vol. 3, table 7-1';

const NT = 0x4000;
const TS = 8n;
const OTHER = 0x90;
const TASK_GATE = 0x98;
const OTHER_CODE = 0x50000;

/** Offsets in a 32-bit TSS (SDM vol. 3, figure 7-2). */
const TSS = { link: 0, cr3: 28, eip: 32, eflags: 36, eax: 40, ecx: 44, esp: 56, es: 72, cs: 76, ss: 80, ds: 84, fs: 88, gs: 92, ldt: 96, debug: 100 } as const; // prettier-ignore

/** A second task in `SELECTOR.free`, ready to run at 50000h in ring 0, and a task gate to it. */
function otherTask(lab: Lab, code: Uint8Array = Uint8Array.of()): Lab {
  const base = MAP.otherTss;
  const put = (field: number, value: number): Lab => lab.write32(base + field, value);
  put(TSS.eip, OTHER_CODE);
  put(TSS.eflags, 2);
  put(TSS.eax, 0x1111_2222);
  put(TSS.esp, MAP.interruptStack);
  put(TSS.cs, SELECTOR.code32);
  for (const field of [TSS.es, TSS.ss, TSS.ds, TSS.fs, TSS.gs]) put(field, SELECTOR.data);
  lab.describe(0, descriptor(base, TSS_BYTES - 1, ATTRIBUTES.freeTss));
  lab.describe(1, gate(OTHER, 0, GATE.task));
  lab.memory.write(OTHER_CODE, Uint8Array.from([...code, 0xf4]));
  return lab;
}

const access = (lab: Lab, selector: number): number => lab.memory.read8(MAP.gdt + selector + 5);
const access2 = (lab: Lab): number[] => [access(lab, SELECTOR.tss), access(lab, OTHER)];

const JMP = listing`
    ea 00 00 00 00 90 00 ; jmp 0x90:0
  `;
const CALL = listing`
    9a 00 00 00 00 90 00 ; call 0x90:0
    bb 01 00 00 00 ; mov ebx, 1
  `;
const IRET = listing`
    cf ; iretd
  `;

/** A task switch that must fail. */
const refused = (name: string, expected: string, prepare: (lab: Lab) => void): TrapCase =>
  outcome(name, checks, KERNEL, JMP, expected, (lab) => prepare(otherTask(lab)));

export const TASK_CASES: readonly TrapCase[] = [
  trap(
    'JMP to a TSS loads the new task',
    tasks,
    KERNEL,
    (lab) => {
      const end = told(otherTask(lab).execute(JMP));
      const { state } = lab;
      return [end, state.general.rax, state.general.rsp, state.tr.selector, state.rip, state.cr0 & TS];
    },
    ['end', 0x1111_2222n, 0xd000n, OTHER, BigInt(OTHER_CODE + 1), TS],
  ),
  trap(
    'JMP saves the old task',
    tasks,
    KERNEL,
    (lab) => {
      otherTask(lab).registers({ rcx: 0xabcdn }).execute(JMP);
      return [TSS.ecx, TSS.eip, TSS.esp, TSS.cs].map((field) => lab.read32(MAP.tss + field).toString(16));
    },
    ['abcd', '10007', 'c000', '8'],
  ),
  trap(
    'JMP moves the busy bit',
    busy,
    KERNEL,
    (lab) => {
      otherTask(lab).execute(JMP);
      return [...access2(lab), lab.state.rflags & BigInt(NT)];
    },
    [ATTRIBUTES.freeTss, ATTRIBUTES.tss, 0n],
  ),
  trap(
    'CALL nests: both busy, NT set, link written',
    busy,
    KERNEL,
    (lab) => {
      otherTask(lab).execute(CALL);
      return [...access2(lab), lab.state.rflags & BigInt(NT), lab.memory.read16(MAP.otherTss)];
    },
    [ATTRIBUTES.tss, ATTRIBUTES.tss, BigInt(NT), SELECTOR.tss],
  ),
  trap(
    'CALL and IRET come back',
    nested,
    KERNEL,
    (lab) => {
      const end = told(otherTask(lab, IRET).execute(CALL));
      const { state } = lab;
      return [end, state.general.rbx, state.tr.selector, ...access2(lab), state.rflags & BigInt(NT)];
    },
    ['end', 1n, SELECTOR.tss, ATTRIBUTES.tss, ATTRIBUTES.freeTss, 0n],
  ),
  trap(
    'IRET saves where the nested task goes on',
    nested,
    KERNEL,
    (lab) => {
      otherTask(lab, IRET).execute(CALL);
      return [lab.read32(MAP.otherTss + TSS.eip), lab.read32(MAP.otherTss + TSS.eflags) & NT];
    },
    [OTHER_CODE + 1, 0],
  ),
  trap(
    'CALL through a task gate',
    tasks,
    KERNEL,
    (lab) => {
      otherTask(lab).execute(listing`
      9a 00 00 00 00 98 00 ; call 0x98:0
    `);
      return [lab.state.tr.selector, lab.memory.read16(MAP.otherTss)];
    },
    [OTHER, SELECTOR.tss],
  ),
  trap(
    'INT through a task gate, and back',
    'vol. 3, 6.12.2',
    KERNEL,
    (lab) => {
      const end = told(
        otherTask(lab, IRET).handler(0x40, gate(OTHER, 0, GATE.task)).execute(listing`
      cd 40 ; int 0x40
      bb 07 00 00 00 ; mov ebx, 7
    `),
      );
      return [end, lab.state.general.rbx];
    },
    ['end', 7n],
  ),
  trap(
    "an exception's task gets its error code",
    'vol. 3, 6.12.2',
    KERNEL,
    (lab) => {
      otherTask(lab).handler(13, gate(OTHER, 0, GATE.task)).execute(listing`
      b8 f8 00 00 00 ; mov eax, 0xf8
      8e d8 ; mov ds, ax
    `);
      const { state } = lab;
      return [state.general.rsp, lab.read32(Number(state.general.rsp)), lab.read32(MAP.tss + TSS.eip)];
    },
    [0xcffcn, 0xf8, 0x10005],
  ),
  trap(
    'an external interrupt through a task gate',
    'vol. 3, 6.12.2',
    { mode: 'prot32', rflags: 0x200n },
    (lab) => {
      lab.vector = 0x40;
      lab.onPortWrite = () => lab.engine.setInterruptRequest(true);
      const end = told(
        otherTask(lab, IRET).handler(0x40, gate(OTHER, 0, GATE.task)).execute(listing`
      e6 80 ; out 0x80, al
      bb 03 00 00 00 ; mov ebx, 3
    `),
      );
      return [end, lab.state.general.rbx, lab.state.rflags & 0x200n];
    },
    ['end', 3n, 0x200n],
  ),
  trap(
    'a switch to ring 3',
    tasks,
    KERNEL,
    (lab) => {
      otherTask(lab);
      lab.write32(MAP.otherTss + TSS.cs, SELECTOR.userCode32 | 3).write32(MAP.otherTss + TSS.ss, SELECTOR.userData | 3);
      for (const field of [TSS.ds, TSS.es, TSS.fs, TSS.gs]) lab.write32(MAP.otherTss + field, SELECTOR.userData | 3);
      lab.write32(MAP.otherTss + 4, MAP.ring0Stack).write32(MAP.otherTss + 8, SELECTOR.data);
      const { event, error } = lab.execute(JMP);
      return [event, error, lab.stack(lab.state, 2)];
    },
    [13, 0, SELECTOR.userCode32 | 3],
  ),
  trap(
    'a switch to virtual-8086 mode',
    tasks,
    KERNEL,
    (lab) => {
      otherTask(lab);
      lab
        .write32(MAP.otherTss + TSS.eflags, 0x20002)
        .write32(MAP.otherTss + TSS.cs, 0x5000)
        .write32(MAP.otherTss + TSS.eip, 0);
      lab.write32(MAP.otherTss + 4, MAP.ring0Stack).write32(MAP.otherTss + 8, SELECTOR.data);
      const { event } = lab.execute(JMP);
      return [event, lab.stack(lab.state, 1), lab.stack(lab.state, 2), lab.stack(lab.state, 3) & 0x20000];
    },
    [13, 0, 0x5000, 0x20000],
  ),
  trap(
    'the T bit of a TSS traps before its first instruction',
    'vol. 3, 17.3.1.5',
    KERNEL,
    (lab) => {
      lab.write32(MAP.otherTss + TSS.debug, 1);
      const { event } = otherTask(lab).execute(JMP);
      return [event, lab.stack(lab.state, 0), (lab.state.debug[4]! & 0x8000n) !== 0n];
    },
    [1, OTHER_CODE, true],
  ),
  trap(
    'a switch clears the local breakpoint enables',
    'vol. 3, 17.2.4',
    KERNEL,
    (lab) => {
      const debug = [...lab.state.debug];
      debug[0] = 0x7_0000n;
      debug[5] = 0x403n;
      otherTask(lab).set({ debug }).execute(JMP);
      return lab.state.debug[5];
    },
    0x402n,
  ),
  trap(
    'a 16-bit TSS',
    tasks,
    KERNEL,
    (lab) => {
      const base = MAP.otherTss;
      lab.describe(0, descriptor(base, 0x2b, ATTRIBUTES.freeTss16));
      const image = {
        14: 0,
        16: 2,
        18: 0x3344,
        26: 0xd000,
        34: SELECTOR.data,
        36: SELECTOR.code16,
        38: SELECTOR.data,
        40: SELECTOR.data,
      };
      for (const [field, value] of Object.entries(image)) lab.memory.write16(base + Number(field), value);
      lab.memory.write8(MAP.code, 0);
      lab.load(JMP, 0x50000);
      lab.memory.write8(MAP.code, 0xf4);
      const end = told(lab.run());
      return [end, lab.state.general.rax & 0xffffn, lab.state.segments.cs.selector];
    },
    ['end', 0x3344n, SELECTOR.code16],
  ),
  trap(
    'LDTR is loaded from the TSS',
    tasks,
    KERNEL,
    (lab) => {
      otherTask(lab)
        .write32(MAP.otherTss + TSS.ldt, SELECTOR.ldt)
        .execute(JMP);
      return [lab.state.ldtr.selector, lab.state.ldtr.base];
    },
    [SELECTOR.ldt, BigInt(MAP.ldt)],
  ),
  trap(
    'CR3 is loaded from the TSS when paging is on',
    tasks,
    { mode: 'prot32', paging: 'legacy' },
    (lab) => {
      otherTask(lab).write32(MAP.otherTss + TSS.cr3, MAP.pageTables + 0x4000);
      return told(lab.execute(JMP));
    },
    'end',
  ),

  refused('JMP to a busy TSS', '#GP(90) at +0', (lab) => void lab.memory.write8(MAP.gdt + OTHER + 5, ATTRIBUTES.tss)),
  refused(
    'JMP to a TSS that is not present',
    '#NP(90) at +0',
    (lab) => void lab.memory.write8(MAP.gdt + OTHER + 5, 0x09),
  ),
  refused('JMP to a TSS that is too small', '#TS(90) at +0', (lab) => void lab.memory.write8(MAP.gdt + OTHER, 0x66)),
  outcome(
    'IRET with NT and a free TSS in the link',
    checks,
    { ...KERNEL, rflags: 0x4000n },
    IRET,
    '#TS(90) at +0',
    (lab) => {
      otherTask(lab).write32(MAP.tss, OTHER);
    },
  ),
  outcome('IRET with NT and a null link', checks, { ...KERNEL, rflags: 0x4000n }, IRET, '#TS(0) at +0'),
  outcome(
    'IRET with NT in long mode',
    'vol. 2, IRET',
    { mode: 'long', rflags: 0x4000n },
    listing`
    48 cf ; iretq
  `,
    '#GP(0) at +0',
  ),
  outcome(
    'JMP to a TSS in long mode',
    'vol. 3, 7.7',
    { mode: 'compat32' },
    JMP,
    '#GP(90) at +0',
    (lab) => void otherTask(lab),
  ),
  outcome(
    'JMP from ring 3 to a TSS of ring 0',
    checks,
    { mode: 'prot32', cpl: 3 },
    JMP,
    '#GP(90) at +0',
    (lab) => void otherTask(lab),
  ),
  trap(
    'a bad segment of the new task faults in its context',
    checks,
    KERNEL,
    (lab) => {
      otherTask(lab).write32(MAP.otherTss + TSS.ds, SELECTOR.userCode32 | 0x1000);
      const { event, error } = lab.execute(JMP);
      return [event, error, lab.stack(lab.state, 1).toString(16), lab.state.tr.selector, access(lab, OTHER)];
    },
    [10, SELECTOR.userCode32 | 0x1000, OTHER_CODE.toString(16), OTHER, ATTRIBUTES.tss],
  ),
  trap(
    'a task gate whose DPL is below CPL',
    checks,
    { mode: 'prot32', cpl: 3 },
    (lab) => {
      otherTask(lab);
      return told(
        lab.execute(listing`
      ea 00 00 00 00 98 00 ; jmp 0x98:0
    `),
      );
    },
    `#GP(${TASK_GATE.toString(16)}) at +0`,
  ),
  trap(
    'a task gate of DPL 3 opens a TSS of DPL 0',
    checks,
    { mode: 'prot32', cpl: 3 },
    (lab) => {
      otherTask(lab).describe(1, gate(OTHER, 0, GATE.task, 3));
      lab.execute(listing`
      9a 00 00 00 00 98 00 ; call 0x98:0
    `);
      return lab.state.tr.selector;
    },
    OTHER,
  ),
  outcome(
    'CALL to a TSS whose descriptor lies in the LDT',
    checks,
    KERNEL,
    listing`
    ea 00 00 00 00 0c 00 ; jmp 0x0c:0
  `,
    '#GP(c) at +0',
    (lab) => {
      lab.set({ ldtr: { selector: SELECTOR.ldt, base: BigInt(MAP.ldt), limit: 0x7f, attributes: ATTRIBUTES.ldt } });
      lab.write64(MAP.ldt + 8, descriptor(MAP.otherTss, TSS_BYTES - 1, ATTRIBUTES.freeTss | DPL3));
    },
  ),
];
