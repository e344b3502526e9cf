import { expect, it } from 'vitest';
import { SystemMap } from './system-map.js';

const TEXT = `0000000000000000 D __per_cpu_start
ffffffff81000000 T _stext
ffffffff81c00010 T entry_SYSCALL_64
ffffffff81001000 t do_one_initcall
ffffffff81001200 W weak_one
`;

it('names code by the symbol in front of it, in any order of lines', () => {
  const map = SystemMap.parse(TEXT)!;
  expect(map.at(0xffffffff81001234n)).toEqual({ name: 'weak_one', offset: 0x34 });
  expect(map.at(0xffffffff81001000n)).toEqual({ name: 'do_one_initcall', offset: 0 });
  expect(map.at(0xffffffff80ffffffn)).toBeUndefined();
});

it('finds where randomization has put the kernel by its entry for system calls', () => {
  const map = SystemMap.parse(TEXT)!;
  const syscallEntry = 0xffffffff81c00010n + 0x1a000000n;
  expect(map.at(0xffffffff9b001010n, syscallEntry)).toEqual({ name: 'do_one_initcall', offset: 0x10 });
  expect(map.at(0xffffffff81001010n, syscallEntry)).toBeUndefined();
});

it('finds a moved 32-bit kernel by where SYSENTER leads', () => {
  const map = SystemMap.parse('c1000000 T _stext\nc1001000 t do_idle\nc1a00000 T entry_SYSENTER_32\n')!;
  expect(map.at(0xc7001010n, 0xc7a00000n)).toEqual({ name: 'do_idle', offset: 0x10 });
});

it('names nothing that is far behind the last symbol, nor data', () => {
  const map = SystemMap.parse(TEXT)!;
  expect(map.at(0xffffffffc0000000n)).toBeUndefined();
  expect(map.at(0x10n)).toBeUndefined();
});

it('takes lines of a foreign kind for nothing', () => {
  expect(SystemMap.parse('hello\n\u0000\u0001 t x\nzz T y')).toBeUndefined();
  expect(SystemMap.parse(`${'f'.repeat(40)} T long\n`)).toBeUndefined();
});
