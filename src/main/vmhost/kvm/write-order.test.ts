import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { listing } from '../../../../conformance/popek-goldberg/listing.js';
import type { VcpuBus } from '../../vmm/cpu/engine.js';
import { powerOnState } from '../../vmm/cpu/reset-state.js';
import { GuestMemory } from '../../vmm/memory/guest-memory.js';
import { RAM_OFFSET } from '../../vmm/memory/layout.js';
import type { VcpuFactory } from '../../vmm/machine/machine-ports.js';
import { Guest } from '../../../testing/guest.js';
import { createTestVcpu } from '../../../testing/interpreter.js';
import { createKvmVcpu, kvmMissing, SILENT_BUS } from '../../../testing/kvm.js';

const missing = kvmMissing();

/** 32-bit code at 1000h that mixes writes the kernel keeps back with writes and reads it does not. */
const MIXED = listing`
    b0 01 ; mov al, 1
    e6 80 ; out 0x80, al
    66 a3 10 00 0a 00 ; mov word [0xa0010], ax
    e6 e9 ; out 0xe9, al
    e4 e9 ; in al, 0xe9
    66 ba ce 03 ; mov dx, 0x3ce
    66 b8 05 02 ; mov ax, 0x0205
    66 ef ; out dx, ax
    a2 20 00 0a 00 ; mov [0xa0020], al
    8a 1d 21 00 0a 00 ; mov bl, [0xa0021]
    c7 05 fc ff 0b 00 78 56 34 12 ; mov dword [0xbfffc], 0x12345678
    c6 05 80 00 e0 fe 07 ; mov byte [0xfee00080], 7
    66 ba 02 04 ; mov dx, 0x402
    ee ; out dx, al
    66 89 1d fe ff 0b 00 ; mov [0xbfffe], bx
    66 e7 80 ; out 0x80, ax
    66 ba f8 03 ; mov dx, 0x3f8
    ee ; out dx, al
    be 00 00 0a 00 ; mov esi, 0xa0000
    bf 00 01 0a 00 ; mov edi, 0xa0100
    b9 03 00 00 00 ; mov ecx, 3
    f3 a4 ; rep movsb
    be 00 10 00 00 ; mov esi, 0x1000
    66 ba e9 00 ; mov dx, 0xe9
    b9 04 00 00 00 ; mov ecx, 4
    f3 6e ; rep outsb
    bf 00 02 0a 00 ; mov edi, 0xa0200
    b9 03 00 00 00 ; mov ecx, 3
    f3 ab ; rep stosd
    fe 05 00 03 0a 00 ; inc byte [0xa0300]
    a0 90 00 e0 fe ; mov al, [0xfee00090]
    e6 e9 ; out 0xe9, al
    f4 ; hlt
`;

/**
 * A boot sector that draws in all write modes of the 640x480 planar mode, with latches, masks, set/reset and string
 * moves inside the window, and sums up what it reads of each plane to 600h.
 */
const PLANES = listing`
    31 c0 ; start: xor ax, ax
    8e d8 ; mov ds, ax
    8e d0 ; mov ss, ax
    bc 00 7c ; mov sp, 0x7c00
    b8 12 00 ; mov ax, 0x0012
    cd 10 ; int 0x10
    b8 00 a0 ; mov ax, 0xa000
    8e c0 ; mov es, ax
    fc ; cld
    31 ed ; xor bp, bp
    ba ce 03 ; mode: mov dx, 0x3ce
    89 e8 ; mov ax, bp
    88 c4 ; mov ah, al
    b0 05 ; mov al, 5
    ef ; out dx, ax
    b8 08 a5 ; mov ax, 0xa508
    ef ; out dx, ax
    b8 03 02 ; mov ax, 0x0203
    ef ; out dx, ax
    b8 00 06 ; mov ax, 0x0600
    ef ; out dx, ax
    b8 01 0a ; mov ax, 0x0a01
    ef ; out dx, ax
    b2 c4 ; mov dl, 0xc4
    b8 02 0e ; mov ax, 0x0e02
    ef ; out dx, ax
    69 fd 00 04 ; imul di, bp, 0x400
    b9 40 00 ; mov cx, 64
    88 c8 ; draw: mov al, cl
    34 5a ; xor al, 0x5a
    e6 80 ; out 0x80, al
    26 88 05 ; mov [es:di], al
    26 8a 65 01 ; mov ah, [es:di+1]
    26 88 4d 01 ; mov [es:di+1], cl
    26 89 4d 50 ; mov [es:di+80], cx
    e6 e9 ; out 0xe9, al
    26 86 45 51 ; xchg [es:di+81], al
    47 ; inc di
    e2 e2 ; loop draw
    b2 ce ; mov dl, 0xce
    b8 05 01 ; mov ax, 0x0105
    ef ; out dx, ax
    89 fe ; mov si, di
    83 ee 40 ; sub si, 64
    b9 30 00 ; mov cx, 48
    1e ; push ds
    06 ; push es
    1f ; pop ds
    f3 a4 ; rep movsb
    1f ; pop ds
    ba f8 03 ; mov dx, 0x3f8
    89 e8 ; mov ax, bp
    ee ; out dx, al
    45 ; inc bp
    83 fd 04 ; cmp bp, 4
    75 9b ; jne mode
    b8 05 00 ; mov ax, 0x0005
    ba ce 03 ; mov dx, 0x3ce
    ef ; out dx, ax
    31 db ; xor bx, bx
    b8 04 03 ; mov ax, 0x0304
    ef ; plane: out dx, ax
    31 f6 ; xor si, si
    26 02 1c ; sum: add bl, [es:si]
    80 d7 00 ; adc bh, 0
    d1 c3 ; rol bx, 1
    46 ; inc si
    81 fe 00 12 ; cmp si, 0x1200
    75 f1 ; jne sum
    fe cc ; dec ah
    79 ea ; jns plane
    89 1e 00 06 ; mov [0x600], bx
    fa ; cli
    f4 ; hlt
`;

/** Four planes of 64 KiB. */
const PLANES_BYTES = 0x4_0000;

/** Everything the guest's code asks of the board until its HLT, in order. */
function accesses(create: VcpuFactory): string[] {
  const memory = new GuestMemory(1 << 20, 1 << 20);
  memory.mapRam(0, RAM_OFFSET, 0xa_0000);
  memory.write(0x1000, MIXED);
  const seen: string[] = [];
  const read = (kind: string) => (at: number, size: number) => {
    seen.push(`${kind} ${at.toString(16)}/${size}`);
    return seen.length & 0xff;
  };
  const write = (kind: string) => (at: number, value: number, size: number) =>
    void seen.push(`${kind} ${at.toString(16)}/${size} = ${value.toString(16)}`);
  const bus: VcpuBus = {
    ...SILENT_BUS,
    portRead: read('in'),
    portWrite: write('out'),
    mmioRead: read('load'),
    mmioWrite: write('store'),
  };
  const engine = create(memory, bus);
  const state = powerOnState();
  const data = { selector: 16, base: 0n, limit: 0xffff_ffff, attributes: 0xc093 };
  const cs = { ...data, selector: 8, attributes: 0xc09b };
  engine.loadState({
    ...state,
    rip: 0x1000n,
    cr0: 0x11n,
    segments: { ...state.segments, cs, ds: data, es: data, ss: data },
  });
  let exit = engine.run(1000);
  while (exit.reason === 'budget') exit = engine.run(1000);
  engine.close();
  expect(exit).toEqual({ reason: 'halt' });
  return seen;
}

/** What the boot sector leaves behind. */
function drawn(create: VcpuFactory) {
  const folder = mkdtempSync(path.join(tmpdir(), 'annex-planes-'));
  try {
    const floppy = path.join(folder, 'planes.img');
    const image = new Uint8Array(1_474_560);
    image.set(PLANES);
    image.set([0x55, 0xaa], 510);
    writeFileSync(floppy, image);
    const guest = new Guest({ floppy, memoryMiB: 16, createVcpu: create });
    const end = guest.waitForEnd(25);
    const { ram, videoMemory } = guest.save();
    const counters = guest.machine.stats.counters;
    guest.machine.close();
    const { debug, serial } = guest;
    const result = { end, sum: ram.slice(0x600, 0x602), debug, serial };
    return { result, planes: Buffer.from(videoMemory.subarray(0, PLANES_BYTES)), counters };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe.skipIf(missing)(`writes that wait on KVM${missing ? ` (skipped: ${missing})` : ''}`, () => {
  it('reach the board in the order of all accesses', () => {
    const seen = accesses(createKvmVcpu);
    expect(seen).toHaveLength(30);
    expect(seen).toEqual(accesses(createTestVcpu));
  });

  it('leave the VGA’s latches, masks and planes as they are without KVM', () => {
    const kvm = drawn(createKvmVcpu);
    const software = drawn(createTestVcpu);
    expect(kvm.counters['kvm.coalesced']).toBeGreaterThan(300);
    expect(software.result).toMatchObject({ end: { kind: 'halted' }, serial: '\x00\x01\x02\x03' });
    expect(software.result.debug).toHaveLength(256);
    expect(new Set(software.planes).size).toBeGreaterThan(8);
    expect(kvm.result).toEqual(software.result);
    expect(kvm.planes.equals(software.planes)).toBe(true);
  });
});
