import { MAP } from '../lab-map.js';
import type { Lab, LabOptions } from '../lab.js';
import { listing } from '../listing.js';
import { outcome, told, trap, type TrapCase } from '../trap-case.js';

const KERNEL: LabOptions = { mode: 'long' };
const USER: LabOptions = { mode: 'long', cpl: 3 };
const LEGACY: LabOptions = { mode: 'prot32', paging: 'legacy' };
const WP = 1n << 16n;
const PGE = 1n << 7n;
const PCIDE = 1n << 17n;
const SMEP = 1n << 20n;
const SMAP = 1n << 21n;
const NXE = 1n << 11n;
const NX = 1n << 63n;
const errors = 'vol. 3, 4.7';
const rights = 'vol. 3, 4.6';
const accessed = 'vol. 3, 4.8';
const caching = 'vol. 3, 4.10';
const contextIds = 'vol. 3, 4.10.1';

/** Replaces the entry of the data page. */
const page = (entry: bigint) => (lab: Lab) => void lab.write64(lab.pageEntry(MAP.data), BigInt(MAP.data) | entry);
const codePage = (entry: bigint) => (lab: Lab) => void lab.write64(lab.pageEntry(MAP.code), BigInt(MAP.code) | entry);

const READ = listing`
    8b 04 25 00 00 02 00 ; mov eax, [0x20000]
  `;
const WRITE = listing`
    89 04 25 00 00 02 00 ; mov [0x20000], eax
  `;

/** Two pages that take turns behind 20000h, marked 1 and 2. */
function alternating(lab: Lab): Lab {
  return lab.write32(MAP.data, 1).write32(0x30000, 2);
}

const OTHER_TABLES = 0x9_0000;
const KEEP = 1n << 63n;

/**
 * Two contexts, in which 20000h is 1 (PCID 0, running) and 2 (PCID 1), and values of CR3: RSI and RDI lead to the first and
 * the second and keep what is known of it, R9 leads to the second and drops that. A descriptor for INVPCID is at 21000h.
 */
function contexts(lab: Lab): Lab {
  for (let at = 0; at < 0x4000; at += 4) lab.write32(OTHER_TABLES + at, lab.read32(MAP.pageTables + at));
  for (let level = 0; level < 3; level++) {
    lab.write64(OTHER_TABLES + level * 0x1000, BigInt(OTHER_TABLES + (level + 1) * 0x1000) | 7n);
  }
  lab
    .write64(OTHER_TABLES + 0x3100, 0x3_0007n)
    .write64(0x2_1000, 1n)
    .write64(0x2_1008, BigInt(MAP.data));
  const first = BigInt(MAP.pageTables) | KEEP;
  const second = BigInt(OTHER_TABLES) | 1n;
  return alternating(lab).registers({ rsi: first, rdi: second | KEEP, r9: second });
}

/** A case in which the second context's page becomes the first's, and what `drops` does makes that seen there. */
const dropped = (name: string, reference: string, drops: Uint8Array): TrapCase =>
  trap(
    name,
    reference,
    { ...KERNEL, cr4: PCIDE },
    (lab) => {
      const code = [SEEN_BEFORE, drops, SEEN_AFTER].flatMap((bytes) => [...bytes]);
      return [told(contexts(lab).execute(Uint8Array.from(code))), lab.state.general.rax, lab.state.general.rbx];
    },
    ['end', 2n, 1n],
  );

const SEEN_BEFORE = listing`
    0f 22 df ; mov cr3, rdi
    8b 04 25 00 00 02 00 ; mov eax, [0x20000]
    0f 22 de ; mov cr3, rsi
    48 c7 04 25 00 31 09 00 07 00 02 00 ; mov qword [0x93100], 0x20007
  `;
const SEEN_AFTER = listing`
    0f 22 df ; mov cr3, rdi
    8b 1c 25 00 00 02 00 ; mov ebx, [0x20000]
  `;

/** INVPCID of a type, by the descriptor of {@link contexts}. */
const invalidate = (type: number): Uint8Array =>
  Uint8Array.from([0xb9, type, 0, 0, 0, 0x66, 0x48, 0x0f, 0x38, 0x82, 0x0c, 0x25, 0, 0x10, 0x02, 0]);

/** MOV to CR4 with a bit changed, and back. */
const toggle = (bit: number): Uint8Array =>
  Uint8Array.from([0x0f, 0x20, 0xe1, ...change(bit), 0x0f, 0x22, 0xe1, ...change(bit), 0x0f, 0x22, 0xe1]);
/** btc rcx, bit */
const change = (bit: number): number[] => [0x48, 0x0f, 0xba, 0xf9, bit];

export const PAGING_CASES: readonly TrapCase[] = [
  outcome('a read of a page that is not present', errors, KERNEL, READ, '#PF(0) at +0', page(0n)),
  outcome('a write to a page that is not present', errors, KERNEL, WRITE, '#PF(2) at +0', page(0n)),
  outcome("a user's read of a supervisor page", errors, USER, READ, '#PF(5) at +0', page(3n)),
  outcome("a user's write to a read-only page", errors, USER, WRITE, '#PF(7) at +0', page(5n)),
  outcome("a user's read of a page that is not present", errors, USER, READ, '#PF(4) at +0', page(0n)),
  outcome('a supervisor write to a read-only page', rights, KERNEL, WRITE, 'end', page(5n)),
  outcome(
    'a supervisor write to a read-only page with WP',
    rights,
    { ...KERNEL, cr0: WP },
    WRITE,
    '#PF(3) at +0',
    page(5n),
  ),
  outcome('a reserved bit', errors, KERNEL, READ, '#PF(9) at +0', page(3n | (1n << 51n))),
  outcome('NX without EFER.NXE is a reserved bit', errors, KERNEL, READ, '#PF(9) at +0', page(3n | NX)),
  outcome(
    'a fetch from an NX page',
    errors,
    { ...USER, efer: NXE },
    listing`
    e9 fb ff 00 00 ; jmp 0x20000
  `,
    '#PF(15) at +10000',
    page(7n | NX),
  ),
  outcome(
    'a read of an NX page',
    rights,
    { ...USER, efer: NXE },
    listing`
    8b 04 25 00 00 02 00 ; mov eax, [0x20000]
    0f 0b ; ud2
  `,
    '#UD at +7',
    page(7n | NX),
  ),
  outcome("a supervisor fetch from a user's page with SMEP", rights, { ...KERNEL, cr4: SMEP }, READ, '#PF(11) at +0'),
  outcome(
    'a supervisor fetch from a supervisor page with SMEP',
    rights,
    { ...KERNEL, cr4: SMEP },
    READ,
    'end',
    codePage(3n),
  ),
  outcome("a supervisor read of a user's page with SMAP", rights, { ...KERNEL, cr4: SMAP }, READ, '#PF(1) at +0'),
  outcome(
    "a supervisor read of a user's page with SMAP and AC",
    rights,
    { ...KERNEL, cr4: SMAP, rflags: 0x40000n },
    READ,
    'end',
  ),
  outcome(
    'STAC and CLAC open and close a window',
    rights,
    { ...KERNEL, cr4: SMAP },
    listing`
    0f 01 cb ; stac
    8b 04 25 00 00 02 00 ; mov eax, [0x20000]
    0f 01 ca ; clac
    8b 04 25 00 00 02 00 ; mov eax, [0x20000]
  `,
    '#PF(1) at +d',
  ),
  outcome(
    "an implicit supervisor access to a user's page with SMAP ignores AC",
    rights,
    { ...USER, cr4: SMAP, rflags: 0x40000n },
    listing`
    b8 90 00 00 00 ; mov eax, 0x90
    8e e0 ; mov fs, ax
  `,
    '#PF(1) at +5',
    (lab) => {
      // Only the end of the descriptor table, which the handler does not need, lies in a user's page.
      const base = 0x1ff80;
      for (let i = 0; i < 0x80; i += 8) lab.write64(base + i, lab.read64(MAP.gdt + i));
      lab.write64(lab.pageEntry(0x1f000), 0x1f003n).set({ gdtr: { base: BigInt(base), limit: 0x3ff } });
    },
  ),
  trap(
    'CR2 is the address that faulted',
    errors,
    KERNEL,
    (lab) => {
      lab.write64(lab.pageEntry(0x21000), 0n);
      const end = told(
        lab.execute(listing`
      48 8b 04 25 fc 0f 02 00 ; mov rax, [0x20ffc]
    `),
      );
      return [end, lab.state.cr2];
    },
    ['#PF(0) at +0', 0x21000n],
  ),
  trap(
    'a write across a page border that faults writes nothing',
    errors,
    KERNEL,
    (lab) => {
      lab.write64(lab.pageEntry(0x21000), 0n).write32(0x20ffc, 0x55);
      const end = told(
        lab.execute(listing`
      48 c7 04 25 fc 0f 02 00 ff ff ff ff ; mov qword [0x20ffc], -1
    `),
      );
      return [end, lab.state.cr2, lab.read32(0x20ffc)];
    },
    ['#PF(2) at +0', 0x21000n, 0x55],
  ),
  trap(
    'a read sets A, a write sets D',
    accessed,
    KERNEL,
    (lab) => {
      const entry = lab.pageEntry(MAP.data);
      lab.execute(READ);
      const read = lab.read32(entry) & 0x60;
      lab.execute(WRITE);
      return [read, lab.read32(entry) & 0x60];
    },
    [0x20, 0x60],
  ),
  trap(
    'a write that faults sets no D',
    accessed,
    { ...KERNEL, cr0: WP },
    (lab) => {
      page(5n)(lab);
      lab.execute(WRITE);
      return lab.read32(lab.pageEntry(MAP.data)) & 0x40;
    },
    0,
  ),
  trap(
    'INVLPG drops a translation',
    caching,
    KERNEL,
    (lab) => {
      alternating(lab).execute(listing`
      8b 04 25 00 00 02 00 ; mov eax, [0x20000]
      48 c7 04 25 00 31 08 00 07 00 03 00 ; mov qword [0x83100], 0x30007
      0f 01 3c 25 00 00 02 00 ; invlpg [0x20000]
      8b 1c 25 00 00 02 00 ; mov ebx, [0x20000]
    `);
      return [lab.state.general.rax, lab.state.general.rbx];
    },
    [1n, 2n],
  ),
  trap(
    'INVLPG drops a global translation',
    caching,
    { ...KERNEL, cr4: PGE },
    (lab) => {
      page(0x107n)(lab);
      alternating(lab).execute(listing`
      8b 04 25 00 00 02 00 ; mov eax, [0x20000]
      48 c7 04 25 00 31 08 00 07 01 03 00 ; mov qword [0x83100], 0x30107
      0f 01 3c 25 00 00 02 00 ; invlpg [0x20000]
      8b 1c 25 00 00 02 00 ; mov ebx, [0x20000]
    `);
      return [lab.state.general.rax, lab.state.general.rbx];
    },
    [1n, 2n],
  ),
  trap(
    'a write to CR3 drops translations that are not global',
    caching,
    { ...KERNEL, cr4: PGE },
    (lab) => {
      alternating(lab).execute(listing`
      8b 04 25 00 00 02 00 ; mov eax, [0x20000]
      48 c7 04 25 00 31 08 00 07 00 03 00 ; mov qword [0x83100], 0x30007
      0f 20 d9 ; mov rcx, cr3
      0f 22 d9 ; mov cr3, rcx
      8b 1c 25 00 00 02 00 ; mov ebx, [0x20000]
    `);
      return [lab.state.general.rax, lab.state.general.rbx];
    },
    [1n, 2n],
  ),
  trap(
    'a change of CR4.PGE drops global translations',
    caching,
    { ...KERNEL, cr4: PGE },
    (lab) => {
      page(0x107n)(lab);
      alternating(lab).execute(listing`
      8b 04 25 00 00 02 00 ; mov eax, [0x20000]
      48 c7 04 25 00 31 08 00 07 01 03 00 ; mov qword [0x83100], 0x30107
      0f 20 e1 ; mov rcx, cr4
      80 f1 80 ; xor cl, 0x80
      0f 22 e1 ; mov cr4, rcx
      8b 1c 25 00 00 02 00 ; mov ebx, [0x20000]
    `);
      return [lab.state.general.rax, lab.state.general.rbx];
    },
    [1n, 2n],
  ),
  trap(
    'INVPCID of all contexts',
    caching,
    { ...KERNEL, cr4: PCIDE },
    (lab) => {
      alternating(lab).execute(listing`
      8b 04 25 00 00 02 00 ; mov eax, [0x20000]
      48 c7 04 25 00 31 08 00 07 00 03 00 ; mov qword [0x83100], 0x30007
      b9 02 00 00 00 ; mov ecx, 2
      66 48 0f 38 82 0c 25 00 10 02 00 ; invpcid rcx, [0x21000]
      8b 1c 25 00 00 02 00 ; mov ebx, [0x20000]
    `);
      return [lab.state.general.rax, lab.state.general.rbx];
    },
    [1n, 2n],
  ),
  trap(
    'what one PCID maps is not what another does',
    contextIds,
    { ...KERNEL, cr4: PCIDE },
    (lab) => {
      contexts(lab).execute(listing`
      8b 04 25 00 00 02 00 ; mov eax, [0x20000]
      0f 22 df ; mov cr3, rdi
      8b 1c 25 00 00 02 00 ; mov ebx, [0x20000]
      0f 22 de ; mov cr3, rsi
      8b 0c 25 00 00 02 00 ; mov ecx, [0x20000]
      0f 22 df ; mov cr3, rdi
      8b 14 25 00 00 02 00 ; mov edx, [0x20000]
    `);
      const { rax, rbx, rcx, rdx } = lab.state.general;
      return [rax, rbx, rcx, rdx];
    },
    [1n, 2n, 1n, 2n],
  ),
  dropped(
    'MOV to CR3 without bit 63 drops what its PCID had',
    caching,
    listing`
    41 0f 22 d9 ; mov cr3, r9
    0f 22 de ; mov cr3, rsi
  `,
  ),
  dropped('INVPCID of an address of another context', caching, invalidate(0)),
  dropped('INVPCID of another context', caching, invalidate(1)),
  dropped('INVPCID of all contexts, also those that do not run', caching, invalidate(2)),
  dropped('INVPCID of all contexts but global pages', caching, invalidate(3)),
  dropped('clearing CR4.PCIDE drops every context', caching, toggle(17)),
  dropped('a change of CR4.PGE drops every context', caching, toggle(7)),
  trap(
    'INVPCID of an address of the running context',
    caching,
    { ...KERNEL, cr4: PCIDE },
    (lab) => {
      contexts(lab).write64(0x2_1000, 0n).execute(listing`
      8b 04 25 00 00 02 00 ; mov eax, [0x20000]
      48 c7 04 25 00 31 08 00 07 00 03 00 ; mov qword [0x83100], 0x30007
      31 c9 ; xor ecx, ecx
      66 48 0f 38 82 0c 25 00 10 02 00 ; invpcid rcx, [0x21000]
      8b 1c 25 00 00 02 00 ; mov ebx, [0x20000]
    `);
      return [lab.state.general.rax, lab.state.general.rbx];
    },
    [1n, 2n],
  ),
  outcome(
    'INVPCID with reserved bits of its descriptor',
    'vol. 2, INVPCID',
    KERNEL,
    listing`
    b9 02 00 00 00 ; mov ecx, 2
    66 48 0f 38 82 0c 25 00 10 02 00 ; invpcid rcx, [0x21000]
  `,
    '#GP(0) at +5',
    (lab) => void lab.write64(0x2_1000, 0x1000n),
  ),
  outcome(
    'INVPCID of a PCID without CR4.PCIDE',
    'vol. 2, INVPCID',
    KERNEL,
    listing`
    b9 01 00 00 00 ; mov ecx, 1
    66 48 0f 38 82 0c 25 00 10 02 00 ; invpcid rcx, [0x21000]
  `,
    '#GP(0) at +5',
    (lab) => void lab.write64(0x2_1000, 1n),
  ),
  outcome(
    'INVPCID with a reserved type',
    'vol. 2, INVPCID',
    KERNEL,
    listing`
    b9 04 00 00 00 ; mov ecx, 4
    66 48 0f 38 82 0c 25 00 10 02 00 ; invpcid rcx, [0x21000]
  `,
    '#GP(0) at +5',
  ),
  trap(
    'CR3 bit 63 is no part of the address',
    caching,
    { ...KERNEL, cr4: PCIDE },
    (lab) => {
      const end = told(
        lab.execute(listing`
      0f 20 d8 ; mov rax, cr3
      48 0f ba e8 3f ; bts rax, 63
      83 c8 05 ; or eax, 5
      0f 22 d8 ; mov cr3, rax
      0f 20 db ; mov rbx, cr3
    `),
      );
      return [end, lab.state.general.rbx];
    },
    ['end', BigInt(MAP.pageTables + 5)],
  ),
  outcome(
    'CR3 bit 63 without PCIDE',
    'vol. 2, MOV (control registers)',
    KERNEL,
    listing`
    0f 20 d8 ; mov rax, cr3
    48 0f ba e8 3f ; bts rax, 63
    0f 22 d8 ; mov cr3, rax
  `,
    '#GP(0) at +8',
  ),
  trap(
    'a page of 4 MiB',
    'vol. 3, 4.3',
    { ...LEGACY, cr4: 0x10n },
    (lab) => {
      lab.write32(MAP.pageTables + 0x4004, 0x83).write32(MAP.data, 0x99);
      const end = told(
        lab.execute(listing`
      a1 00 00 42 00 ; mov eax, [0x420000]
    `),
      );
      return [end, lab.state.general.rax];
    },
    ['end', 0x99n],
  ),
  outcome(
    'a fault on a legacy page',
    errors,
    LEGACY,
    listing`
    a3 00 00 02 00 ; mov [0x20000], eax
  `,
    '#PF(2) at +0',
    (lab) => void lab.write32(lab.pageEntry(MAP.data), 0),
  ),
  outcome(
    'a code fetch across a border into a missing page (no I bit without NXE)',
    errors,
    KERNEL,
    listing`
    e9 f9 0f 01 00 ; jmp 0x20ffe
  `,
    '#PF(0) at +10ffe',
    (lab) => {
      lab.memory.write(0x20ffe, Uint8Array.of(0xb8, 1));
      lab.write64(lab.pageEntry(0x21000), 0n);
    },
  ),
];
