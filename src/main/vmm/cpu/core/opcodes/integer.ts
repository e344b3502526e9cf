import { row, type RowOptions as Options } from './instruction-row.js';
import type { Instruction } from './opcode.js';

const hex = (n: number): string => n.toString(16).toUpperCase().padStart(2, '0');

function arithmetic(name: string, index: number): Instruction[] {
  const form = name === 'cmp' ? 'compare' : 'modify';
  const lock = name === 'cmp' ? {} : { lock: name };
  const undefinedFlags = ['or', 'and', 'xor'].includes(name) ? { undefinedFlags: 'a' } : {};
  const at = (n: number): string => hex(index * 8 + n);
  const plain = (encoding: string, operands: string): Instruction =>
    row(encoding, name, operands, form, name, undefinedFlags);
  const lockable = (encoding: string, operands: string, extra: Options = {}): Instruction =>
    row(encoding, name, operands, form, name, { ...lock, ...undefinedFlags, ...extra });
  return [
    lockable(`${at(0)} /r`, 'Eb,Gb'),
    lockable(`${at(1)} /r`, 'Ev,Gv'),
    plain(`${at(2)} /r`, 'Gb,Eb'),
    plain(`${at(3)} /r`, 'Gv,Ev'),
    plain(at(4), 'AL,Ib'),
    plain(at(5), 'rAX,Iz'),
    lockable(`80 /${index}`, 'Eb,Ib'),
    lockable(`81 /${index}`, 'Ev,Iz'),
    lockable(`82 /${index}`, 'Eb,Ib', { mode: 'legacy' }),
    lockable(`83 /${index}`, 'Ev,Ib'),
  ];
}

function shift(name: string, digit: number): Instruction[] {
  const logical = digit >= 4;
  const undefinedFlags = { undefinedFlags: logical ? 'oa' : 'o' };
  const execute = name;
  return [
    row(`C0 /${digit}`, name, 'Eb,Ib', 'modify', execute, undefinedFlags),
    row(`C1 /${digit}`, name, 'Ev,Ib', 'modify', execute, undefinedFlags),
    row(`D0 /${digit}`, name, 'Eb,1', 'modify', execute, logical ? { undefinedFlags: 'a' } : {}),
    row(`D1 /${digit}`, name, 'Ev,1', 'modify', execute, logical ? { undefinedFlags: 'a' } : {}),
    row(`D2 /${digit}`, name, 'Eb,CL', 'modify', execute, undefinedFlags),
    row(`D3 /${digit}`, name, 'Ev,CL', 'modify', execute, undefinedFlags),
  ];
}

/** Condition suffixes in encoding order (SDM vol. 1, appendix B). */
export const CONDITIONS = ['o', 'no', 'b', 'ae', 'e', 'ne', 'be', 'a', 's', 'ns', 'p', 'np', 'l', 'ge', 'le', 'g'];

function conditional(code: string, index: number): Instruction[] {
  return [
    row(hex(0x70 + index), `j${code}`, 'Jb', 'jcc', `${index}`, { size: 'always64' }),
    row(`0F ${hex(0x80 + index)}`, `j${code}`, 'Jz', 'jcc', `${index}`, { size: 'always64' }),
    row(`0F ${hex(0x90 + index)} /r`, `set${code}`, 'Eb', 'setcc', `${index}`),
    row(`0F ${hex(0x40 + index)} /r`, `cmov${code}`, 'Gv,Ev', 'cmov', `${index}`, { feature: 'cmov' }),
  ];
}

function stringOperation(opcode: number, name: string, operands: [string, string], execute: string): Instruction[] {
  return [
    row(hex(opcode), `${name}b`, operands[0], 'call', execute),
    row(hex(opcode + 1), name, operands[1], 'call', execute),
  ];
}

function bitTest(name: string, opcode: number, digit: number): Instruction[] {
  const lock = name === 'bt' ? {} : { lock: name };
  const execute = name === 'bt' ? 'bitTest' : name === 'bts' ? 'bitSet' : name === 'btr' ? 'bitReset' : 'bitComplement';
  return [
    row(`0F ${hex(opcode)} /r`, name, 'Ev,Gv', 'call', `${execute}`, { ...lock, undefinedFlags: 'ospa' }),
    row(`0F BA /${digit}`, name, 'Ev,Ib', 'call', `${execute}Immediate`, { ...lock, undefinedFlags: 'ospa' }),
  ];
}

/** General-purpose instructions (SDM vol. 1, 5.1). */
export const INTEGER_INSTRUCTIONS: readonly Instruction[] = [
  ...['add', 'or', 'adc', 'sbb', 'and', 'sub', 'xor', 'cmp'].flatMap(arithmetic),
  ...['rol', 'ror', 'rcl', 'rcr', 'shl', 'shr'].flatMap(shift),
  ...shift('shl', 6),
  ...shift('sar', 7),
  ...CONDITIONS.flatMap(conditional),

  // Moves.
  row('88 /r', 'mov', 'Eb,Gb', 'write', 'move'),
  row('89 /r', 'mov', 'Ev,Gv', 'write', 'move'),
  row('8A /r', 'mov', 'Gb,Eb', 'write', 'move'),
  row('8B /r', 'mov', 'Gv,Ev', 'write', 'move'),
  row('B0+r', 'mov', 'Zb,Ib', 'write', 'move'),
  row('B8+r', 'mov', 'Zv,Iv', 'write', 'move'),
  row('C6 /0', 'mov', 'Eb,Ib', 'write', 'move'),
  row('C7 /0', 'mov', 'Ev,Iz', 'write', 'move'),
  row('A0', 'mov', 'AL,Ob', 'write', 'move'),
  row('A1', 'mov', 'rAX,Ov', 'write', 'move'),
  row('A2', 'mov', 'Ob,AL', 'write', 'move'),
  row('A3', 'mov', 'Ov,rAX', 'write', 'move'),
  row('0F B6 /r', 'movzx', 'Gv,Eb', 'write', 'zeroExtend'),
  row('0F B7 /r', 'movzx', 'Gv,Ew', 'write', 'zeroExtend'),
  row('0F BE /r', 'movsx', 'Gv,Eb', 'write', 'signExtend'),
  row('0F BF /r', 'movsx', 'Gv,Ew', 'write', 'signExtend'),
  row('63 /r', 'movsxd', 'Gv,Ez', 'write', 'signExtend', { mode: 'long' }),
  row('8D /rm', 'lea', 'Gv,M', 'address', 'lea'),
  row('86 /r', 'xchg', 'Eb,Gb', 'call', 'exchange', { lock: 'xchg' }),
  row('87 /r', 'xchg', 'Ev,Gv', 'call', 'exchange', { lock: 'xchg' }),
  row('90+r', 'xchg', 'Zv,rAX', 'call', 'exchangeAccumulator'),
  row('NP 0F C3 /rm', 'movnti', 'My,Gy', 'write', 'move', { feature: 'sse2' }),
  row('0F C8+r', 'bswap', 'Zv', 'modify', 'byteSwapRegister'),
  row('0F 38 F0 /rm', 'movbe', 'Gv,Mv', 'write', 'byteSwap', { feature: 'movbe' }),
  row('0F 38 F1 /rm', 'movbe', 'Mv,Gv', 'write', 'byteSwap', { feature: 'movbe' }),
  row('D7', 'xlat', '', 'call', 'translateTable!'),

  // Arithmetic.
  row('84 /r', 'test', 'Eb,Gb', 'compare', 'test', { undefinedFlags: 'a' }),
  row('85 /r', 'test', 'Ev,Gv', 'compare', 'test', { undefinedFlags: 'a' }),
  row('A8', 'test', 'AL,Ib', 'compare', 'test', { undefinedFlags: 'a' }),
  row('A9', 'test', 'rAX,Iz', 'compare', 'test', { undefinedFlags: 'a' }),
  row('F6 /0', 'test', 'Eb,Ib', 'compare', 'test', { undefinedFlags: 'a' }),
  row('F7 /0', 'test', 'Ev,Iz', 'compare', 'test', { undefinedFlags: 'a' }),
  row('F6 /1', 'test', 'Eb,Ib', 'compare', 'test', { undefinedFlags: 'a' }),
  row('F7 /1', 'test', 'Ev,Iz', 'compare', 'test', { undefinedFlags: 'a' }),
  row('FE /0', 'inc', 'Eb', 'modify', 'inc', { lock: 'inc' }),
  row('FF /0', 'inc', 'Ev', 'modify', 'inc', { lock: 'inc' }),
  row('FE /1', 'dec', 'Eb', 'modify', 'dec', { lock: 'dec' }),
  row('FF /1', 'dec', 'Ev', 'modify', 'dec', { lock: 'dec' }),
  row('40+r', 'inc', 'Zv', 'modify', 'inc', { mode: 'legacy' }),
  row('48+r', 'dec', 'Zv', 'modify', 'dec', { mode: 'legacy' }),
  row('F6 /2', 'not', 'Eb', 'modify', 'not', { lock: 'not' }),
  row('F7 /2', 'not', 'Ev', 'modify', 'not', { lock: 'not' }),
  row('F6 /3', 'neg', 'Eb', 'modify', 'neg', { lock: 'neg' }),
  row('F7 /3', 'neg', 'Ev', 'modify', 'neg', { lock: 'neg' }),
  row('F6 /4', 'mul', 'Eb', 'call', 'multiply', { undefinedFlags: 'szap' }),
  row('F7 /4', 'mul', 'Ev', 'call', 'multiply', { undefinedFlags: 'szap' }),
  row('F6 /5', 'imul', 'Eb', 'call', 'multiplySigned', { undefinedFlags: 'szap' }),
  row('F7 /5', 'imul', 'Ev', 'call', 'multiplySigned', { undefinedFlags: 'szap' }),
  row('F6 /6', 'div', 'Eb', 'call', 'divide', { undefinedFlags: 'oszapc' }),
  row('F7 /6', 'div', 'Ev', 'call', 'divide', { undefinedFlags: 'oszapc' }),
  row('F6 /7', 'idiv', 'Eb', 'call', 'divideSigned', { undefinedFlags: 'oszapc' }),
  row('F7 /7', 'idiv', 'Ev', 'call', 'divideSigned', { undefinedFlags: 'oszapc' }),
  row('0F AF /r', 'imul', 'Gv,Ev', 'modify', 'imul', { undefinedFlags: 'szap' }),
  row('69 /r', 'imul', 'Gv,Ev,Iz', 'write', 'imul', { undefinedFlags: 'szap' }),
  row('6B /r', 'imul', 'Gv,Ev,Ib', 'write', 'imul', { undefinedFlags: 'szap' }),
  row('98', 'cbw', '', 'call', 'convertAccumulator'),
  row('99', 'cwd', '', 'call', 'convertToPair'),
  row('27', 'daa', '', 'call', 'decimalAdjustAdd!', { mode: 'legacy', undefinedFlags: 'o' }),
  row('2F', 'das', '', 'call', 'decimalAdjustSub!', { mode: 'legacy', undefinedFlags: 'o' }),
  row('37', 'aaa', '', 'call', 'asciiAdjustAdd!', { mode: 'legacy', undefinedFlags: 'oszp' }),
  row('3F', 'aas', '', 'call', 'asciiAdjustSub!', { mode: 'legacy', undefinedFlags: 'oszp' }),
  row('D4', 'aam', 'Ib', 'call', 'asciiAdjustMultiply!', { mode: 'legacy', undefinedFlags: 'oac' }),
  row('D5', 'aad', 'Ib', 'call', 'asciiAdjustDivide!', { mode: 'legacy', undefinedFlags: 'oac' }),
  row('D6', 'salc', '', 'call', 'setAlFromCarry!', { mode: 'legacy' }),

  // Bits.
  ...bitTest('bt', 0xa3, 4),
  ...bitTest('bts', 0xab, 5),
  ...bitTest('btr', 0xb3, 6),
  ...bitTest('btc', 0xbb, 7),
  row('0F BC /r', 'bsf', 'Gv,Ev', 'call', 'bitScanForward', { undefinedFlags: 'ospac' }),
  row('0F BD /r', 'bsr', 'Gv,Ev', 'call', 'bitScanReverse', { undefinedFlags: 'ospac' }),
  row('F3 0F B8 /r', 'popcnt', 'Gv,Ev', 'write', 'populationCount', { feature: 'popcnt' }),
  row('0F A4 /r', 'shld', 'Ev,Gv,Ib', 'modify', 'shld', { undefinedFlags: 'oa' }),
  row('0F A5 /r', 'shld', 'Ev,Gv,CL', 'modify', 'shld', { undefinedFlags: 'oa' }),
  row('0F AC /r', 'shrd', 'Ev,Gv,Ib', 'modify', 'shrd', { undefinedFlags: 'oa' }),
  row('0F AD /r', 'shrd', 'Ev,Gv,CL', 'modify', 'shrd', { undefinedFlags: 'oa' }),
  row('F2 0F 38 F0 /r', 'crc32', 'Gy,Eb', 'call', 'crc32Byte!', { feature: 'sse4.2' }),
  row('F2 0F 38 F1 /r', 'crc32', 'Gv,Ev', 'call', 'crc32', { feature: 'sse4.2' }),

  // Compare and exchange.
  row('0F B0 /r', 'cmpxchg', 'Eb,Gb', 'call', 'compareExchange', { lock: 'cmpxchg' }),
  row('0F B1 /r', 'cmpxchg', 'Ev,Gv', 'call', 'compareExchange', { lock: 'cmpxchg' }),
  row('0F C0 /r', 'xadd', 'Eb,Gb', 'call', 'exchangeAdd', { lock: 'xadd' }),
  row('0F C1 /r', 'xadd', 'Ev,Gv', 'call', 'exchangeAdd', { lock: 'xadd' }),
  row('0F C7 /1m', 'cmpxchg8b', 'My', 'call', 'compareExchangePair', { lock: 'cmpxchg8b', feature: 'cx8' }),

  // Stack.
  row('50+r', 'push', 'Zv', 'call', 'pushRegister', { size: 'default64' }),
  row('58+r', 'pop', 'Zv', 'call', 'popRegister', { size: 'default64' }),
  row('68', 'push', 'Iz', 'call', 'pushImmediate', { size: 'default64' }),
  row('6A', 'push', 'Ib', 'call', 'pushImmediate', { size: 'default64' }),
  row('FF /6', 'push', 'Ev', 'call', 'pushOperand', { size: 'default64' }),
  row('8F /0', 'pop', 'Ev', 'call', 'popOperand', { size: 'default64' }),
  row('60', 'pusha', '', 'call', 'pushAll', { mode: 'legacy' }),
  row('61', 'popa', '', 'call', 'popAll', { mode: 'legacy' }),
  row('C8', 'enter', 'Iw,Ib', 'call', 'enter', { size: 'default64' }),
  row('C9', 'leave', '', 'call', 'leave', { size: 'default64' }),
  row('9C', 'pushf', '', 'call', 'pushFlags', { size: 'default64' }),
  row('9D', 'popf', '', 'call', 'popFlags', { size: 'default64' }),

  // Control transfer.
  row('E8', 'call', 'Jz', 'end', 'callRelative', { size: 'always64' }),
  row('E9', 'jmp', 'Jz', 'end', 'jumpRelative', { size: 'always64' }),
  row('EB', 'jmp', 'Jb', 'end', 'jumpRelative', { size: 'always64' }),
  row('FF /2', 'call', 'Ev', 'end', 'callNear', { size: 'always64' }),
  row('FF /4', 'jmp', 'Ev', 'end', 'jumpNear', { size: 'always64' }),
  row('C3', 'ret', '', 'end', 'returnNear', { size: 'always64' }),
  row('C2', 'ret', 'Iw', 'end', 'returnNearPop', { size: 'always64' }),
  row('E0', 'loopne', 'Jb', 'call', 'loopNotEqual', { size: 'always64' }),
  row('E1', 'loope', 'Jb', 'call', 'loopEqual', { size: 'always64' }),
  row('E2', 'loop', 'Jb', 'call', 'loop', { size: 'always64' }),
  row('E3', 'jrcxz', 'Jb', 'call', 'jumpCxZero', { size: 'always64' }),
  row('CC', 'int3', '', 'end', 'breakpoint!'),
  row('CD', 'int', 'Ib', 'end', 'softwareInterrupt!'),
  row('CE', 'into', '', 'call', 'interruptOnOverflow!', { mode: 'legacy' }),
  row('F1', 'int1', '', 'end', 'debugTrap!'),
  row('62 /rm', 'bound', 'Gv,M', 'call', 'bound', { mode: 'legacy' }),
  row('0F 0B', 'ud2', '', 'end', 'undefined!'),
  row('0F B9 /r', 'ud1', 'Gv,Ev', 'end', 'undefined!'),
  row('0F FF /r', 'ud0', 'Gv,Ev', 'end', 'undefined!'),

  // Strings.
  ...stringOperation(0xa4, 'movs', ['Yb,Xb', 'Yv,Xv'], 'moveString'),
  ...stringOperation(0xa6, 'cmps', ['Xb,Yb', 'Xv,Yv'], 'compareString'),
  ...stringOperation(0xaa, 'stos', ['Yb,AL', 'Yv,rAX'], 'storeString'),
  ...stringOperation(0xac, 'lods', ['AL,Xb', 'rAX,Xv'], 'loadString'),
  ...stringOperation(0xae, 'scas', ['AL,Yb', 'rAX,Yv'], 'scanString'),
  ...stringOperation(0x6c, 'ins', ['Yb,DX', 'Yz,DX'], 'inputString'),
  ...stringOperation(0x6e, 'outs', ['DX,Xb', 'DX,Xz'], 'outputString'),

  // Flags.
  row('F5', 'cmc', '', 'call', 'complementCarry!'),
  row('F8', 'clc', '', 'call', 'clearCarry!'),
  row('F9', 'stc', '', 'call', 'setCarry!'),
  row('FC', 'cld', '', 'call', 'clearDirection!'),
  row('FD', 'std', '', 'call', 'setDirection!'),
  row('9E', 'sahf', '', 'call', 'storeAhInFlags!', { feature: 'lahf' }),
  row('9F', 'lahf', '', 'call', 'loadAhFromFlags!', { feature: 'lahf' }),

  // Hints.
  row('F3 90', 'pause', '', 'inline', ''),
  row('0F 0D /rm', 'prefetchw', 'M', 'inline', '', { feature: 'prefetchw' }),
  ...Array.from({ length: 8 }, (_, i) =>
    row(`0F ${hex(0x18 + i)} /r`, i === 0 ? 'prefetch' : 'nop', 'Ev', 'inline', ''),
  ),
  row('NP 0F AE /5r', 'lfence', '', 'inline', '', { feature: 'sse2' }),
  row('NP 0F AE /6r', 'mfence', '', 'inline', '', { feature: 'sse2' }),
  row('NP 0F AE /7r', 'sfence', '', 'inline', '', { feature: 'sse' }),
  row('NP 0F AE /7m', 'clflush', 'Mb', 'call', 'flushLine!', { feature: 'clflush' }),
];
