import { MAP } from '../lab-map.js';
import type { LabOptions } from '../lab.js';
import { listing } from '../listing.js';
import { told, trap, type TrapCase } from '../trap-case.js';

const KERNEL: LabOptions = { mode: 'prot32' };
const PAGED: LabOptions = { mode: 'prot32', paging: 'legacy' };
const smc = 'vol. 3, 11.6';

const EAX = (options: LabOptions, name: string, code: Uint8Array, expected: bigint): TrapCase =>
  trap(name, smc, options, (lab) => [told(lab.execute(code)), lab.state.general.rax], ['end', expected]);

export const CODE_CASES: readonly TrapCase[] = [
  EAX(
    KERNEL,
    'a write to the next instruction',
    listing`
    c6 05 08 00 01 00 07 ; mov byte [patch + 1], 7
    b8 01 00 00 00 ; patch: mov eax, 1
  `,
    7n,
  ),
  EAX(
    KERNEL,
    'a write to an instruction of the same line that ran before',
    listing`
    31 d2 ; xor edx, edx
    b8 01 00 00 00 ; again: mov eax, 1
    83 fa 01 ; cmp edx, 1
    74 0d ; je done
    42 ; inc edx
    c7 05 03 00 01 00 34 12 00 00 ; mov dword [again + 1], 0x1234
    eb e9 ; jmp again
    90 ; done: nop
  `,
    0x1234n,
  ),
  trap(
    'a write to an instruction of another page that ran before',
    smc,
    KERNEL,
    (lab) => {
      lab.memory.write(
        0x50000,
        listing`
      b8 01 00 00 00 ; mov eax, 1
      c3 ; ret
    `,
      );
      lab.execute(listing`
      bb 00 00 05 00 ; mov ebx, 0x50000
      ff d3 ; call ebx
      c6 05 01 00 05 00 09 ; mov byte [0x50001], 9
      ff d3 ; call ebx
    `);
      return lab.state.general.rax;
    },
    9n,
  ),
  trap(
    'a write to the second page of an instruction across a page border',
    smc,
    KERNEL,
    (lab) => {
      lab.memory.write(
        0x50ffe,
        listing`
      b8 11 11 11 11 ; mov eax, 0x11111111
      c3 ; ret
    `,
      );
      lab.execute(listing`
      bb fe 0f 05 00 ; mov ebx, 0x50ffe
      ff d3 ; call ebx
      c6 05 02 10 05 00 22 ; mov byte [0x51002], 0x22
      ff d3 ; call ebx
    `);
      return lab.state.general.rax;
    },
    0x2211_1111n,
  ),
  trap(
    'one store across a page border hits code on both sides',
    smc,
    KERNEL,
    (lab) => {
      lab.memory.write(
        0x50ff8,
        listing`
      31 c0 ; xor eax, eax
      90 ; nop
      90 ; nop
      90 ; nop
      b0 01 ; mov al, 1
      90 ; nop
      90 ; nop
      04 02 ; add al, 2
      c3 ; ret
    `,
      );
      lab.execute(listing`
      bb f8 0f 05 00 ; mov ebx, 0x50ff8
      ff d3 ; call ebx
      c7 05 fe 0f 05 00 21 90 90 2c ; mov dword [0x50ffe], 0x2c909021
      ff d3 ; call ebx
    `);
      return lab.state.general.rax;
    },
    0x1fn,
  ),
  trap(
    'a write through another linear address of the page',
    smc,
    PAGED,
    (lab) => {
      lab.write32(lab.pageEntry(0x70000), 0x50007);
      lab.memory.write(
        0x50000,
        listing`
      b8 01 00 00 00 ; mov eax, 1
      c3 ; ret
    `,
      );
      lab.execute(listing`
      bb 00 00 05 00 ; mov ebx, 0x50000
      ff d3 ; call ebx
      c6 05 01 00 07 00 05 ; mov byte [0x70001], 5
      ff d3 ; call ebx
    `);
      return lab.state.general.rax;
    },
    5n,
  ),
  trap(
    'a write by a device',
    smc,
    KERNEL,
    (lab) => {
      lab.memory.write(
        0x50000,
        listing`
      b8 01 00 00 00 ; mov eax, 1
      c3 ; ret
    `,
      );
      lab.onPortWrite = () => lab.memory.write8(0x50001, 3);
      lab.execute(listing`
      bb 00 00 05 00 ; mov ebx, 0x50000
      ff d3 ; call ebx
      e6 10 ; out 0x10, al (KVM may keep a write of 80h back)
      ff d3 ; call ebx
    `);
      return lab.state.general.rax;
    },
    3n,
  ),
  trap(
    'a string move over code that ran before',
    smc,
    KERNEL,
    (lab) => {
      lab.memory.write(
        0x50000,
        listing`
      b8 01 00 00 00 ; mov eax, 1
      c3 ; ret
    `,
      );
      lab.memory.write(
        MAP.data,
        listing`
      b8 77 00 00 00 ; mov eax, 0x77
      c3 ; ret
    `,
      );
      lab.execute(listing`
      bb 00 00 05 00 ; mov ebx, 0x50000
      ff d3 ; call ebx
      be 00 00 02 00 ; mov esi, 0x20000
      89 df ; mov edi, ebx
      b9 06 00 00 00 ; mov ecx, 6
      f3 a4 ; rep movsb
      ff d3 ; call ebx
    `);
      return lab.state.general.rax;
    },
    0x77n,
  ),
  trap(
    'a page mapped anew runs its new code',
    'vol. 3, 4.10',
    PAGED,
    (lab) => {
      lab.memory.write(
        0x50000,
        listing`
      b8 01 00 00 00 ; mov eax, 1
      c3 ; ret
    `,
      );
      lab.memory.write(
        0x51000,
        listing`
      b8 02 00 00 00 ; mov eax, 2
      c3 ; ret
    `,
      );
      lab.execute(listing`
      bb 00 00 05 00 ; mov ebx, 0x50000
      ff d3 ; call ebx
      c7 05 40 51 08 00 07 10 05 00 ; mov dword [0x85140], 0x51007
      0f 01 3b ; invlpg [ebx]
      ff d3 ; call ebx
    `);
      return lab.state.general.rax;
    },
    2n,
  ),
  trap(
    'the same bytes as 16-bit and 32-bit code',
    'vol. 3, 3.4.5',
    KERNEL,
    (lab) => {
      // 66 B8 34 12 is MOV AX in 32-bit code, and takes 6 bytes as MOV EAX in 16-bit code.
      lab.memory.write(0x50000, Uint8Array.of(0x66, 0xb8, 0x34, 0x12, 0x40, 0x40, 0xcb));
      const far = lab.describe(0, 0x0000_9b05_0000_ffffn);
      lab.registers({ rbx: 0n }).execute(listing`
      0e ; push cs
      68 0c 00 01 00 ; push dword back
      68 00 00 05 00 ; push dword 0x50000
      c3 ; ret
      89 c3 ; back: mov ebx, eax
    `);
      const wide = lab.state.general.rbx & 0xffffn;
      lab.registers({ rax: 0n }).execute(listing`
      66 9a 00 00 90 00 ; db 0x66, 0x9a, 0, 0, 0x90, 0 ; call 90h:0 with a 16-bit return address
    `);
      return [far, wide, lab.state.general.rax];
    },
    [0x90, 0x1236n, 0x4040_1234n],
  ),
];
