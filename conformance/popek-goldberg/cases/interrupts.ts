import { MAP } from '../lab-map.js';
import type { Lab, LabOptions } from '../lab.js';
import { listing } from '../listing.js';
import { told, trap, type TrapCase } from '../trap-case.js';

const KERNEL: LabOptions = { mode: 'prot32' };
const KERNEL_IF: LabOptions = { mode: 'prot32', rflags: 0x200n };
const masking = 'vol. 3, 6.8.1';
const shadow = 'vol. 3, 6.8.3';
const nmi = 'vol. 3, 6.7.1';

/** A device that asks for interrupt 40h when the code writes to a port, or raises an NMI on port 2. */
function device(lab: Lab): Lab {
  lab.vector = 0x40;
  lab.onPortWrite = (port) => {
    if (port === 1) lab.engine.setInterruptRequest(true);
    else lab.engine.raiseNmi();
  };
  return lab;
}

const run = (name: string, reference: string, options: LabOptions, code: Uint8Array, expected: string): TrapCase =>
  trap(name, reference, options, (lab) => told(device(lab).execute(code)), expected);

export const INTERRUPT_CASES: readonly TrapCase[] = [
  run(
    'an interrupt waits while IF is clear',
    masking,
    KERNEL,
    listing`
    e6 01 ; out 1, al
    90 ; nop
    90 ; nop
  `,
    'end',
  ),
  run(
    'an interrupt comes behind the instruction that caused it',
    masking,
    KERNEL_IF,
    listing`
    e6 01 ; out 1, al
    90 ; nop
    90 ; nop
  `,
    'int 40h at +2',
  ),
  run(
    'STI holds interrupts off for one instruction',
    shadow,
    KERNEL,
    listing`
    e6 01 ; out 1, al
    fb ; sti
    90 ; nop
    90 ; nop
  `,
    'int 40h at +4',
  ),
  run(
    'STI, CLI opens no window',
    shadow,
    KERNEL,
    listing`
    e6 01 ; out 1, al
    fb ; sti
    fa ; cli
    90 ; nop
  `,
    'end',
  ),
  run(
    'STI with IF set holds nothing off',
    shadow,
    KERNEL_IF,
    listing`
    fb ; sti
    e6 01 ; out 1, al
    90 ; nop
  `,
    'int 40h at +3',
  ),
  run(
    'STI, HLT sleeps and is woken behind it',
    shadow,
    KERNEL,
    listing`
    e6 01 ; out 1, al
    fb ; sti
    f4 ; hlt
    90 ; nop
  `,
    'int 40h at +4',
  ),
  run(
    'MOV SS holds interrupts off for one instruction',
    shadow,
    KERNEL,
    listing`
    8c d0 ; mov eax, ss
    e6 01 ; out 1, al
    fb ; sti
    8e d0 ; mov ss, ax
    90 ; nop
    90 ; nop
  `,
    'int 40h at +8',
  ),
  run(
    'POP SS holds interrupts off for one instruction',
    shadow,
    KERNEL,
    listing`
    16 ; push ss
    e6 01 ; out 1, al
    fb ; sti
    17 ; pop ss
    90 ; nop
    90 ; nop
  `,
    'int 40h at +6',
  ),
  run(
    'LSS holds nothing off',
    shadow,
    KERNEL,
    listing`
    89 25 00 00 02 00 ; mov [0x20000], esp
    8c 15 04 00 02 00 ; mov [0x20004], ss
    e6 01 ; out 1, al
    fb ; sti
    0f b2 25 00 00 02 00 ; lss esp, [0x20000]
    90 ; nop
  `,
    'int 40h at +16',
  ),
  run(
    'POPF opens at once',
    masking,
    KERNEL,
    listing`
    68 02 02 00 00 ; push dword 0x202
    e6 01 ; out 1, al
    9d ; popfd
    90 ; nop
  `,
    'int 40h at +8',
  ),
  run(
    'IRET opens at once',
    masking,
    KERNEL,
    listing`
    68 02 02 00 00 ; push dword 0x202
    0e ; push cs
    68 0e 00 01 00 ; push dword target
    e6 01 ; out 1, al
    cf ; iretd
    90 ; target: nop
  `,
    'int 40h at +e',
  ),
  run(
    'an interrupt gate clears IF',
    'vol. 3, 6.12.1.2',
    KERNEL_IF,
    listing`
    e6 01 ; out 1, al
    90 ; nop
  `,
    'int 40h at +2',
  ),
  trap(
    'an interrupt gate clears IF, a trap gate does not',
    'vol. 3, 6.12.1.2',
    KERNEL_IF,
    (lab) => {
      const flags = (): bigint => lab.state.rflags & 0x200n;
      lab.execute(listing`
      cd 50 ; int 0x50
    `);
      const interrupt = flags();
      const low = lab.read32(MAP.idt + 0x51 * 8 + 4);
      lab.write32(MAP.idt + 0x51 * 8 + 4, low | 0x100).set({ rflags: 0x202n });
      lab.execute(listing`
      cd 51 ; int 0x51
    `);
      return [interrupt, flags()];
    },
    [0n, 0x200n],
  ),
  run(
    'an NMI ignores IF',
    nmi,
    KERNEL,
    listing`
    e6 02 ; out 2, al
    90 ; nop
  `,
    'NMI at +2',
  ),
  run(
    'an NMI wakes from HLT',
    nmi,
    KERNEL,
    listing`
    e6 02 ; out 2, al
    f4 ; hlt
  `,
    'NMI at +2',
  ),
  run(
    'MOV SS holds NMIs off',
    shadow,
    KERNEL,
    listing`
    8c d0 ; mov eax, ss
    8e d0 ; mov ss, ax
    e6 02 ; out 2, al
    90 ; nop
  `,
    'NMI at +6',
  ),
  run(
    'an NMI goes before an interrupt',
    'vol. 3, table 6-2',
    KERNEL,
    listing`
    e6 01 ; out 1, al
    e6 02 ; out 2, al
    90 ; nop
  `,
    'NMI at +4',
  ),
  trap(
    'a second NMI waits for IRET',
    nmi,
    KERNEL,
    (lab) => {
      // The handler counts, raises another NMI, and shows whether that one nested.
      const handler = 0x60000;
      lab.memory.write(
        handler,
        listing`
      ff 05 00 00 02 00 ; inc dword [0x20000]
      83 3d 00 00 02 00 01 ; cmp dword [0x20000], 1
      75 0d ; jne done
      e6 02 ; out 2, al
      90 ; nop
      a1 00 00 02 00 ; mov eax, [0x20000]
      a3 04 00 02 00 ; mov [0x20004], eax
      cf ; done: iretd
    `,
      );
      lab.handler(2, (BigInt(handler >>> 16) << 48n) | 0x8e00_0008_0000n);
      const end = told(
        device(lab).execute(listing`
      e6 02 ; out 2, al
      90 ; nop
    `),
      );
      return [end, lab.read32(MAP.data), lab.read32(MAP.data + 4)];
    },
    ['end', 2, 1],
  ),
  trap(
    'a halted processor with IF clear stays halted',
    'vol. 2, HLT',
    KERNEL,
    (lab) => {
      device(lab).execute(listing`
      f4 ; hlt
    `);
      lab.engine.setInterruptRequest(true);
      const deaf = told(lab.finish());
      lab.engine.setInterruptRequest(false);
      lab.engine.raiseNmi();
      return [deaf, told(lab.finish())];
    },
    ['end', 'NMI at +1'],
  ),
  trap(
    'an interrupt wakes a halted processor behind the HLT',
    'vol. 2, HLT',
    KERNEL_IF,
    (lab) => {
      device(lab).execute(listing`
      90 ; nop
    `);
      lab.engine.setInterruptRequest(true);
      return told(lab.finish());
    },
    'int 40h at +2',
  ),
  run(
    'a repeated string instruction is interrupted between iterations',
    'vol. 2, REP',
    KERNEL_IF,
    listing`
    b9 03 00 00 00 ; mov ecx, 3
    be 00 00 02 00 ; mov esi, 0x20000
    ba 01 00 00 00 ; mov edx, 1
    f3 6e ; rep outsb
  `,
    'int 40h at +f',
  ),
];
