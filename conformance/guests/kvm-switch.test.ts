import { writeFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { listing } from '../popek-goldberg/listing.js';
import { Guest } from '../../src/testing/guest.js';
import { InterpreterEngine } from '../../src/main/vmm/cpu/interpreter.js';
import { createLackingVcpu } from '../../src/testing/interpreter.js';
import { createKvmVcpu, kvmLacks, kvmMissing } from '../../src/testing/kvm.js';

const missing = kvmMissing();

/**
 * A boot sector that mixes memory into a checksum over and over, with the timer's interrupt counting meanwhile, and writes
 * the round and the sum to the debug port.
 */
const SECTOR = listing`
    31 c0 ; xor ax, ax
    8e d8 ; mov ds, ax
    8e d0 ; mov ss, ax
    bc 00 7c ; mov sp, 0x7c00
    c7 06 70 00 5a 7c ; mov word [0x70], tick
    a3 72 00 ; mov [0x72], ax
    8e c0 ; mov es, ax
    66 31 db ; xor ebx, ebx
    66 31 ed ; xor ebp, ebp
    fb ; sti
    31 f6 ; round: xor si, si
    b9 00 40 ; mov cx, 0x4000
    66 8b 04 ; sum: mov eax, [si]
    81 fe 00 70 ; cmp si, 0x7000
    77 10 ; ja skip
    81 fe 00 06 ; cmp si, 0x600
    72 0a ; jb skip
    66 c1 c3 05 ; rol ebx, 5
    66 31 c3 ; xor ebx, eax
    66 01 eb ; add ebx, ebp
    83 c6 04 ; skip: add si, 4
    e2 e2 ; loop sum
    66 45 ; inc ebp
    66 89 2e 00 7e ; mov [0x7e00], ebp
    66 89 1e 04 7e ; mov [0x7e04], ebx
    be 00 7e ; mov si, 0x7e00
    b9 08 00 ; mov cx, 8
    ba e9 00 ; mov dx, 0xe9
    fa ; cli
    f3 6e ; rep outsb
    fb ; sti
    f4 ; hlt
    eb c1 ; jmp round
    50 ; tick: push ax
    ff 06 10 7e ; inc word [0x7e10]
    b0 20 ; mov al, 0x20
    e6 20 ; out 0x20, al
    58 ; pop ax
    cf ; iret
  `;

/** The records of 8 bytes the guest has written: round and checksum. */
function records(guest: Guest): string[] {
  const count = Math.floor(guest.debug.length / 8);
  return Array.from({ length: count }, (_, i) =>
    Buffer.from(guest.debug.slice(i * 8, i * 8 + 8), 'latin1').toString('hex'),
  );
}

describe.skipIf(missing)(`a running guest changes engines${missing ? ` (skipped: ${missing})` : ''}`, () => {
  it('and computes what it would have computed on one', { timeout: 300_000 }, () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'annex-switch-'));
    try {
      const floppy = path.join(folder, 'sum.img');
      const image = new Uint8Array(1_474_560);
      image.set(SECTOR);
      image.set([0x55, 0xaa], 510);
      writeFileSync(floppy, image);
      const alone = new Guest({ floppy, memoryMiB: 16 });
      expect(alone.runUntil(() => records(alone).length >= 40, 60)).toBe(true);

      const createVcpu = createLackingVcpu(InterpreterEngine, kvmLacks());
      const guest = new Guest({ floppy, memoryMiB: 16, createVcpu });
      for (let i = 1; records(guest).length < 40; i++) {
        const until = Math.min(40, i * 5);
        expect(guest.runUntil(() => records(guest).length >= until, 60)).toBe(true);
        guest.machine.useEngine(guest.machine.engine === 'kvm' ? createVcpu : createKvmVcpu);
      }
      expect(records(guest).slice(0, 40)).toEqual(records(alone).slice(0, 40));
      guest.machine.close();
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
