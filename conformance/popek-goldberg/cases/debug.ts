import { MAP } from '../lab-map.js';
import type { Lab, LabOptions } from '../lab.js';
import { listing } from '../listing.js';
import { outcome, told, trap, type TrapCase } from '../trap-case.js';

const KERNEL: LabOptions = { mode: 'prot32' };
const KERNEL64: LabOptions = { mode: 'long' };
const code = 'vol. 3, 17.3.1.1';
const data = 'vol. 3, 17.3.1.2';
const step = 'vol. 3, 17.3.1.4';
const registers = 'vol. 3, 17.2';
const RF = 0x10000n;
/** Reads 1 unless the processor has transactions (RTM), which some hosts under KVM have. */
const DR6_RTM = 0x10000n;

/** Sets DR0 and DR7. */
const watch = (address: number, dr7: number) => (lab: Lab) => {
  const debug = [...lab.state.debug];
  debug[0] = BigInt(address);
  debug[5] = BigInt(dr7 | 0x400);
  lab.set({ debug });
};
const EXECUTE = 1;
const WRITE4 = 0xd0001;
const ACCESS4 = 0xf0001;
const PORT1 = 0x20001;

/** What a run ended in, and the low word of DR6. */
const broken = (name: string, reference: string, options: LabOptions, source: Uint8Array, expected: string, dr6: number, prepare: (lab: Lab) => void = () => undefined): TrapCase =>
  trap(name, reference, options, (lab) => {
    prepare(lab);
    const end = told(lab.execute(source));
    return [end, Number(lab.state.debug[4]! & 0xe00fn).toString(16)];
  }, [expected, dr6.toString(16)]); // prettier-ignore

const NOPS = listing`
    90 ; nop
    90 ; nop
    90 ; nop
    90 ; nop
  `;
const STORE = listing`
    a3 00 00 02 00 ; mov [0x20000], eax
    90 ; nop
  `;
const STORE_NEXT = listing`
    c6 05 03 00 02 00 01 ; mov byte [0x20003], 1
    90 ; nop
  `;
const LOAD = listing`
    a1 00 00 02 00 ; mov eax, [0x20000]
    90 ; nop
  `;

export const DEBUG_CASES: readonly TrapCase[] = [
  broken('an instruction breakpoint is a fault', code, KERNEL, NOPS, '#DB at +2', 1, watch(MAP.code + 2, EXECUTE)),
  trap(
    'the frame of an instruction breakpoint has RF set',
    'vol. 3, 17.3.1.1',
    KERNEL,
    (lab) => {
      watch(MAP.code + 2, EXECUTE)(lab);
      lab.execute(NOPS);
      return (BigInt(lab.stack(lab.state, 2)) & RF) !== 0n;
    },
    true,
  ),
  broken(
    'RF passes over an instruction breakpoint once',
    code,
    { ...KERNEL, rflags: RF },
    listing`
    90 ; nop
    eb fd ; jmp $-1
  `,
    '#DB at +0',
    1,
    watch(MAP.code, EXECUTE),
  ),
  broken(
    'IRET with RF resumes behind a breakpoint',
    'vol. 3, 17.3.1.1',
    KERNEL,
    listing`
    68 02 00 01 00 ; push dword 0x10002
    0e ; push cs
    68 0c 00 01 00 ; push dword target
    cf ; iretd
    90 ; target: nop
    90 ; nop
  `,
    'end',
    0,
    watch(MAP.code + 12, EXECUTE),
  ),
  broken('a disabled breakpoint does nothing', registers, KERNEL, NOPS, 'end', 0, watch(MAP.code + 2, 0)),
  broken('a write breakpoint is a trap', data, KERNEL, STORE, '#DB at +5', 1, watch(MAP.data, WRITE4)),
  broken('a write breakpoint covers its length', data, KERNEL, STORE_NEXT, '#DB at +7', 1, watch(MAP.data, WRITE4)),
  broken('a write breakpoint ignores reads', data, KERNEL, LOAD, 'end', 0, watch(MAP.data, WRITE4)),
  broken('an access breakpoint sees reads', data, KERNEL, LOAD, '#DB at +5', 1, watch(MAP.data, ACCESS4)),
  broken(
    'a data breakpoint on a push',
    data,
    KERNEL,
    listing`
    50 ; push eax
    90 ; nop
  `,
    '#DB at +1',
    1,
    watch(MAP.ring0Stack - 4, WRITE4),
  ),
  broken(
    'a data breakpoint in a repeated string store',
    data,
    KERNEL,
    listing`
    bf 00 00 02 00 ; mov edi, 0x20000
    b9 04 00 00 00 ; mov ecx, 4
    f3 ab ; rep stosd
  `,
    '#DB at +a',
    1,
    watch(MAP.data + 4, WRITE4),
  ),
  broken(
    'an I/O breakpoint with CR4.DE',
    'vol. 3, 17.2.5',
    { ...KERNEL, cr4: 8n },
    listing`
    e6 80 ; out 0x80, al
    90 ; nop
  `,
    '#DB at +2',
    1,
    watch(0x80, PORT1),
  ),
  broken('single step', step, { ...KERNEL, rflags: 0x100n }, NOPS, '#DB at +1', 0x4000),
  broken(
    'POPF that sets TF traps behind the next instruction',
    step,
    KERNEL,
    listing`
    68 02 01 00 00 ; push dword 0x102
    9d ; popfd
    90 ; nop
    90 ; nop
  `,
    '#DB at +7',
    0x4000,
  ),
  broken(
    'POPF that clears TF still traps',
    step,
    { ...KERNEL, rflags: 0x100n },
    listing`
    9d ; popfd
    90 ; nop
  `,
    '#DB at +1',
    0x4000,
    (lab) => void lab.write32(MAP.ring0Stack, 2),
  ),
  broken(
    'MOV SS holds a single-step trap off',
    'vol. 3, 6.8.3',
    { ...KERNEL, rflags: 0x100n },
    listing`
    8e d3 ; mov ss, bx
    90 ; nop
    90 ; nop
  `,
    '#DB at +3',
    0x4000,
    (lab) => void lab.registers({ rbx: 0x10n }),
  ),
  broken(
    'INT n clears TF before its handler runs',
    step,
    { ...KERNEL, rflags: 0x100n },
    listing`
    cd 40 ; int 0x40
    90 ; nop
  `,
    'int 40h at +2',
    0,
  ),
  broken(
    'a faulting instruction is not stepped',
    step,
    { ...KERNEL, rflags: 0x100n },
    listing`
    0f 0b ; ud2
  `,
    '#UD at +0',
    0,
  ),
  broken(
    'a repeated string instruction steps through its iterations',
    step,
    { ...KERNEL, rflags: 0x100n },
    listing`
    f3 aa ; rep stosb
  `,
    '#DB at +0',
    0x4000,
    (lab) => void lab.registers({ rcx: 5n, rdi: 0x20000n }),
  ),
  broken(
    'INT1 leaves DR6 alone',
    'vol. 2, INT n',
    KERNEL,
    listing`
    f1 ; int1
  `,
    '#DB at +1',
    0,
  ),
  broken(
    'GD traps an access to a debug register, and is cleared',
    'vol. 3, 17.2.4',
    KERNEL,
    listing`
    0f 21 f0 ; mov eax, dr6
  `,
    '#DB at +0',
    0x2000,
    watch(0, 0x2000),
  ),
  trap(
    'GD is clear in its handler',
    'vol. 3, 17.2.4',
    KERNEL,
    (lab) => {
      watch(0, 0x2000)(lab);
      lab.execute(listing`
      0f 23 c0 ; mov dr0, eax
    `);
      return lab.state.debug[5];
    },
    0x400n,
  ),
  outcome(
    'DR4 with CR4.DE',
    registers,
    { ...KERNEL, cr4: 8n },
    listing`
    0f 21 e0 ; mov eax, dr4
  `,
    '#UD at +0',
  ),
  trap(
    'DR4 without CR4.DE is DR6',
    registers,
    KERNEL,
    (lab) => {
      lab.execute(listing`
      0f 21 e0 ; mov eax, dr4
      0f 21 eb ; mov ebx, dr5
    `);
      const { rax, rbx } = lab.state.general;
      return [rax, rbx];
    },
    [0xffff_0ff0n, 0x400n],
  ),
  outcome(
    'DR7: upper half in 64-bit mode',
    registers,
    KERNEL64,
    listing`
    48 b8 00 00 00 00 01 00 00 00 ; mov rax, 0x100000000
    0f 23 f8 ; mov dr7, rax
  `,
    '#GP(0) at +a',
  ),
  trap(
    'DR6 keeps its fixed bits',
    registers,
    KERNEL,
    (lab) => {
      lab.execute(listing`
      31 c0 ; xor eax, eax
      0f 23 f0 ; mov dr6, eax
      0f 21 f3 ; mov ebx, dr6
      48 ; dec eax
      0f 23 f0 ; mov dr6, eax
      0f 21 f1 ; mov ecx, dr6
    `);
      const { rbx, rcx } = lab.state.general;
      return [(rbx | DR6_RTM).toString(16), rcx.toString(16)];
    },
    ['ffff0ff0', 'ffffefff'],
  ),
  trap(
    'ICEBP, INT3 and INTO are traps',
    'vol. 3, 6.5',
    KERNEL,
    (lab) => [
      told(
        lab.execute(listing`
      cc ; int3
    `),
      ),
      told(
        lab.set({ rflags: 0x802n }).execute(listing`
      ce ; into
    `),
      ),
    ],
    ['#BP at +1', '#OF at +1'],
  ),
  broken(
    'an instruction breakpoint goes before a fault of its instruction',
    'vol. 3, table 6-2',
    KERNEL,
    listing`
    0f 0b ; ud2
  `,
    '#DB at +0',
    1,
    watch(MAP.code, EXECUTE),
  ),
  broken(
    'SYSCALL masks TF away before its target',
    step,
    { mode: 'long', cpl: 3, rflags: 0x100n, efer: 1n },
    listing`
    0f 05 ; syscall
  `,
    'end',
    0,
    (lab) => {
      lab
        .msr(0xc000_0081, 0x0018n << 32n)
        .msr(0xc000_0082, 0x60000n)
        .msr(0xc000_0084, 0x100n);
      lab.memory.write8(0x60000, 0xf4);
    },
  ),
];
