import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { toolMissing } from '../../../../testing/debian-packages.js';
import { disassemble } from './disassemble.js';

const bytes = (hex: string): Uint8Array => Uint8Array.from(hex.split(' ').map((byte) => parseInt(byte, 16)));
const text = (hex: string, bits: 16 | 32 | 64, address = 0n): string => disassemble(bytes(hex), { bits, address }).text;

test.each([
  ['b8 34 12', 16, 'mov ax,0x1234'],
  ['66 b8 78 56 34 12', 16, 'mov eax,0x12345678'],
  ['8b 47 05', 16, 'mov ax,word ptr [bx+0x5]'],
  ['f3 a5', 32, 'rep movs dword ptr es:[edi],dword ptr ds:[esi]'],
  ['48 8b 44 d8 10', 64, 'mov rax,qword ptr [rax+rbx*8+0x10]'],
  ['48 8d 05 10 00 00 00', 64, 'lea rax,[rip+0x10]'],
  ['65 48 8b 04 25 28 00 00 00', 64, 'mov rax,qword ptr gs:0x28'],
  ['41 57', 64, 'push r15'],
  ['0f b6 c4', 32, 'movzx eax,ah'],
  ['40 0f b6 c4', 64, 'movzx eax,spl'],
  ['f0 0f b1 0b', 64, 'lock cmpxchg dword ptr [rbx],ecx'],
  ['83 c0 ff', 64, 'add eax,0xffffffff'],
  ['48 99', 64, 'cqo'],
  ['0f 22 d8', 64, 'mov cr3,rax'],
  ['66 0f 6f 00', 64, 'movdqa xmm0,xmmword ptr [rax]'],
  ['ea 5b e0 00 f0', 16, 'jmpf 0xf000:0xe05b'],
  ['90', 64, 'nop'],
  ['0f 0b', 64, 'ud2'],
] as const)('%s in %i-bit code is %s', (code, bits, expected) => {
  expect(text(code, bits)).toBe(expected);
});

test('a branch names its target', () => {
  expect(text('eb fe', 64, 0x1000n)).toBe('jmp 0x1000');
  expect(text('e8 fb ff 00 00', 32, 0x7c00n)).toBe('call 0x17c00');
});

test('opcodes of one mode are not taken for the other', () => {
  expect(text('60', 64)).toBe('(bad)');
  expect(text('48', 32)).toBe('dec eax');
});

test('any bytes give some text and a length within them', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 20 }), fc.constantFrom(16, 32, 64), (code, bits) => {
      const { text, length } = disassemble(code, { bits: bits as 16 | 32 | 64 });
      expect(text.length).toBeGreaterThan(0);
      expect(length).toBeGreaterThanOrEqual(1);
      expect(length).toBeLessThanOrEqual(Math.min(15, code.length));
    }),
    { numRuns: 3000 },
  );
});

describe.skipIf(toolMissing('objdump'))('against objdump (skipped where binutils is missing)', () => {
  /** Straight-line decodings of a file by objdump: address, length, mnemonic. */
  function objdump(file: string, machine: string): { at: number; length: number; mnemonic: string }[] {
    const listing = execFileSync(
      'objdump',
      ['-D', '-b', 'binary', '-m', machine, '-M', 'intel', '--no-addresses', '-w', file],
      {
        encoding: 'latin1',
        maxBuffer: 1 << 28,
      },
    );
    let at = 0;
    return listing.split('\n').flatMap((line) => {
      const match = /^\s*((?:[0-9a-f]{2} )+)\s*\t(.*)$/.exec(line);
      if (!match) return [];
      const length = match[1]!.trim().split(' ').length;
      at += length;
      return [{ at: at - length, length, mnemonic: match[2]! }];
    });
  }

  test('lengths agree on the code of the shell', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'annex-dis-'));
    const sample = execFileSync(
      'sh',
      ['-c', `objcopy -O binary -j .text "$(readlink -f /bin/sh)" ${folder}/text && cat ${folder}/text`],
      {
        maxBuffer: 1 << 28,
      },
    );
    writeFileSync(path.join(folder, 'sample'), sample);
    const expected = objdump(path.join(folder, 'sample'), 'i386:x86-64');
    rmSync(folder, { recursive: true });
    const wrong = expected.filter(({ at, length, mnemonic }) => {
      if (mnemonic.includes('(bad)') || /^(v|bnd|notrack)/.test(mnemonic)) return false;
      return disassemble(sample.subarray(at, at + 16), { bits: 64 }).length !== length;
    });
    expect(expected.length).toBeGreaterThan(1000);
    expect(wrong.slice(0, 20)).toEqual([]);
  });
});
