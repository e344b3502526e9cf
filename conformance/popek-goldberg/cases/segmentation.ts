import { descriptor, MAP, SELECTOR } from '../lab-map.js';
import type { Lab, LabOptions } from '../lab.js';
import { listing } from '../listing.js';
import { outcome, told, trap, type TrapCase } from '../trap-case.js';

const KERNEL: LabOptions = { mode: 'prot32' };
const USER: LabOptions = { mode: 'prot32', cpl: 3 };
const KERNEL64: LabOptions = { mode: 'long' };
const limit = 'vol. 3, 5.3';
const type = 'vol. 3, 5.4';
const canonical = 'vol. 1, 3.3.7.1';
const nullSelector = 'vol. 3, 5.4.1';

/** Code that loads DS from 90h first (5 bytes), then `code`. */
const withDs =
  (attributes: number, bytes: number, base: number = MAP.data) =>
  (lab: Lab) => {
    lab.describe(0, descriptor(base, bytes, attributes));
    const { segments } = lab.state;
    const big = (attributes & 0x8000) !== 0;
    lab.set({
      segments: {
        ...segments,
        ds: { selector: 0x90, base: BigInt(base), limit: big ? bytes * 4096 + 4095 : bytes, attributes },
      },
    });
  };
const READ_BYTE_FFF = listing`
    a0 ff 0f 00 00 ; mov al, [0xfff]
  `;
const READ_DWORD_FFD = listing`
    a1 fd 0f 00 00 ; mov eax, [0xffd]
  `;
const READ_DWORD_FFC = listing`
    a1 fc 0f 00 00 ; mov eax, [0xffc]
  `;
const STORE = listing`
    a2 00 00 00 00 ; mov [0], al
  `;
const MOV_DS = listing`
    8e db ; mov ds, bx
  `;
const MOV_SS = listing`
    8e d3 ; mov ss, bx
  `;
const loading = (
  name: string,
  options: LabOptions,
  code: Uint8Array,
  expected: string,
  select: (lab: Lab) => number,
): TrapCase =>
  outcome(name, 'vol. 2, MOV', options, code, expected, (lab) => void lab.registers({ rbx: BigInt(select(lab)) }));

export const SEGMENTATION_CASES: readonly TrapCase[] = [
  outcome('the last byte of a segment', limit, KERNEL, READ_BYTE_FFF, 'end', withDs(0x4093, 0xfff)),
  outcome('a dword that ends at the limit', limit, KERNEL, READ_DWORD_FFC, 'end', withDs(0x4093, 0xfff)),
  outcome('a dword across the limit', limit, KERNEL, READ_DWORD_FFD, '#GP(0) at +0', withDs(0x4093, 0xfff)),
  outcome('expand-down: a byte at the limit', limit, KERNEL, READ_BYTE_FFF, '#GP(0) at +0', withDs(0x4097, 0xfff)),
  outcome(
    'expand-down: a byte above the limit',
    limit,
    KERNEL,
    listing`
    a0 00 10 00 00 ; mov al, [0x1000]
  `,
    'end',
    withDs(0x4097, 0xfff),
  ),
  outcome(
    'expand-down, 16 bits wide: a byte above 64 KiB',
    limit,
    KERNEL,
    listing`
    a0 00 00 01 00 ; mov al, [0x10000]
  `,
    '#GP(0) at +0',
    withDs(0x0097, 0xfff),
  ),
  outcome(
    'expand-down, 16 bits wide: a word across 64 KiB',
    limit,
    KERNEL,
    listing`
    66 a1 ff ff 00 00 ; mov ax, [0xffff]
  `,
    '#GP(0) at +0',
    withDs(0x0097, 0xfff),
  ),
  outcome(
    'expand-down, 32 bits wide: a dword across 4 GiB',
    limit,
    KERNEL,
    listing`
    a1 fd ff ff ff ; mov eax, [0xfffffffd]
  `,
    '#GP(0) at +0',
    withDs(0x4097, 0xfff, 0),
  ),
  outcome('a write to read-only data', type, KERNEL, STORE, '#GP(0) at +0', withDs(0x4091, 0xfff)),
  outcome(
    'a byte at offset 0 through a null selector',
    nullSelector,
    KERNEL,
    listing`
    31 db ; xor ebx, ebx
    8e c3 ; mov es, bx
    26 a0 00 00 00 00 ; mov al, [es:0]
  `,
    '#GP(0) at +4',
  ),
  outcome(
    'a write to code',
    type,
    KERNEL,
    listing`
    2e a2 00 00 02 00 ; mov [cs:0x20000], al
  `,
    '#GP(0) at +0',
  ),
  outcome('a read of execute-only code', type, KERNEL, READ_DWORD_FFC, '#GP(0) at +0', withDs(0x4099, 0xfff)),
  outcome(
    'an access through a null selector',
    nullSelector,
    KERNEL,
    listing`
    31 db ; xor ebx, ebx
    8e db ; mov ds, bx
    a0 00 00 02 00 ; mov al, [0x20000]
  `,
    '#GP(0) at +4',
  ),
  outcome(
    'an access beyond the stack segment',
    limit,
    USER,
    listing`
    bd 00 10 00 00 ; mov ebp, 0x1000
    8b 45 00 ; mov eax, [ebp]
  `,
    '#SS(0) at +5',
    (lab) => void lab.segment('ss', { limit: 0xfff }),
  ),
  outcome(
    'a push beyond an expand-down stack',
    limit,
    USER,
    listing`
    bc 00 10 00 00 ; mov esp, 0x1000
    50 ; push eax
  `,
    '#SS(0) at +5',
    (lab) => void lab.segment('ss', { limit: 0xfff, attributes: 0x40f7 }),
  ),
  outcome(
    'code that runs off its limit',
    limit,
    KERNEL,
    listing`
    90 ; nop
    90 ; nop
    90 ; nop
    90 ; nop
  `,
    '#GP(0) at +2',
    (lab) => void lab.segment('cs', { limit: MAP.code + 1, attributes: 0x409b }),
  ),
  outcome(
    'an instruction across the limit of its segment',
    limit,
    KERNEL,
    listing`
    90 ; nop
    b8 78 56 34 12 ; mov eax, 0x12345678
  `,
    '#GP(0) at +1',
    (lab) => void lab.segment('cs', { limit: MAP.code + 3, attributes: 0x409b }),
  ),
  outcome(
    'an instruction of 16 bytes',
    'vol. 2, 2.3.11',
    KERNEL,
    listing`
    66 66 66 66 66 66 66 66 66 66 66 66 66 66 66 90 ; db 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x90
  `,
    '#GP(0) at +0',
  ),
  outcome(
    'an instruction of 15 bytes',
    'vol. 2, 2.3.11',
    KERNEL,
    listing`
    66 66 66 66 66 66 66 66 66 66 66 66 66 66 90 ; db 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x90
  `,
    'end',
  ),
  loading('MOV DS of execute-only code', KERNEL, MOV_DS, '#GP(90) at +0', (lab) =>
    lab.describe(0, descriptor(0, 0, 0x98)),
  ),
  loading('MOV DS of data that is not present', KERNEL, MOV_DS, '#NP(90) at +0', (lab) =>
    lab.describe(0, descriptor(0, 0, 0x12)),
  ),
  loading('MOV DS of an inner ring', USER, MOV_DS, '#GP(10) at +0', () => SELECTOR.data),
  loading('MOV DS with an RPL above DPL', KERNEL, MOV_DS, '#GP(10) at +0', () => SELECTOR.data | 3),
  loading(
    'MOV DS of conforming code of any ring',
    USER,
    listing`
    8e db ; mov ds, bx
    0f 0b ; ud2
  `,
    '#UD at +2',
    () => SELECTOR.conforming,
  ),
  loading('MOV DS beyond the table', KERNEL, MOV_DS, '#GP(400) at +0', () => 0x400),
  loading('MOV DS from a missing LDT', KERNEL, MOV_DS, '#GP(c) at +0', () => 0xc),
  loading('MOV SS of a null selector', KERNEL, MOV_SS, '#GP(0) at +0', () => 0),
  loading('MOV SS with another RPL', KERNEL, MOV_SS, '#GP(10) at +0', () => SELECTOR.data | 1),
  loading('MOV SS of data that is not present', KERNEL, MOV_SS, '#SS(90) at +0', (lab) =>
    lab.describe(0, descriptor(0, 0, 0x12)),
  ),
  loading('MOV SS of read-only data', KERNEL, MOV_SS, '#GP(90) at +0', (lab) =>
    lab.describe(0, descriptor(0, 0, 0x90)),
  ),
  loading('MOV SS of a null selector in 64-bit ring 0', KERNEL64, MOV_SS, 'end', () => 0),
  trap(
    'a segment load sets the accessed bit',
    'vol. 3, 3.4.5.1',
    KERNEL,
    (lab) => {
      lab.registers({ rbx: BigInt(lab.describe(0, descriptor(0, 0xffff, 0x92))) }).execute(MOV_DS);
      return lab.memory.read8(MAP.gdt + 0x95);
    },
    0x93,
  ),
  trap(
    'a hidden limit outlives its descriptor',
    'vol. 3, 3.4.3',
    KERNEL,
    (lab) => {
      lab.registers({ rbx: BigInt(lab.describe(0, descriptor(MAP.data, 0xfff, 0x4092))) });
      const end = told(
        lab.execute(listing`
      8e db ; mov ds, bx
      36 c7 05 90 20 00 00 00 00 00 00 ; mov dword [ss:0x2090], 0
      36 c7 05 94 20 00 00 00 00 00 00 ; mov dword [ss:0x2094], 0
      a0 ff 0f 00 00 ; mov al, [0xfff]
    `),
      );
      return end;
    },
    'end',
  ),
  outcome(
    '64-bit mode ignores limits',
    'vol. 3, 5.3.1',
    KERNEL64,
    listing`
    64 8a 04 25 00 00 02 00 ; mov al, [fs:0x20000]
  `,
    'end',
    (lab) => void lab.segment('fs', { limit: 0xfff }),
  ),
  outcome(
    'a non-canonical address',
    canonical,
    KERNEL64,
    listing`
    48 bb 00 00 00 00 00 80 00 00 ; mov rbx, 0x800000000000
    8a 03 ; mov al, [rbx]
  `,
    '#GP(0) at +a',
  ),
  outcome(
    'a non-canonical stack address',
    canonical,
    KERNEL64,
    listing`
    48 bd 00 00 00 00 00 80 00 00 ; mov rbp, 0x800000000000
    8a 45 00 ; mov al, [rbp]
  `,
    '#SS(0) at +a',
  ),
  outcome(
    'a push to a non-canonical stack',
    canonical,
    KERNEL64,
    listing`
    50 ; push rax
  `,
    '#SS(0) at +0',
    (lab) => {
      lab.handler(12, lab.read64(MAP.idt + 12 * 16) | (1n << 32n)).registers({ rsp: 0x8000_0000_1000n });
    },
  ),
  outcome(
    'an access that ends beyond the canonical range',
    canonical,
    KERNEL64,
    listing`
    48 bb fd ff ff ff ff 7f 00 00 ; mov rbx, 0x7ffffffffffd
    8b 03 ; mov eax, [rbx]
  `,
    '#GP(0) at +a',
  ),
  outcome(
    'a jump to a non-canonical address',
    canonical,
    KERNEL64,
    listing`
    48 bb 00 00 00 00 00 80 00 00 ; mov rbx, 0x800000000000
    ff e3 ; jmp rbx
  `,
    '#GP(0) at +a',
  ),
];
