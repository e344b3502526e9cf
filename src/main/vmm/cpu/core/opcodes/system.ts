import type { Feature, Form, Instruction } from './opcode.js';

type Options = Partial<Pick<Instruction, 'mode' | 'size' | 'feature'>>;

function row(
  encoding: string,
  mnemonic: string,
  operands: string,
  form: Form,
  execute: string,
  options: Options = {},
): Instruction {
  return { encoding, mnemonic, operands, form, execute, feature: 'base' satisfies Feature, ...options };
}

/** Segment, system, I/O and state-management instructions (SDM vol. 1, 5.1.7 and 5.20; vol. 2). */
export const SYSTEM_INSTRUCTIONS: readonly Instruction[] = [
  // Segment registers.
  row('8C /r', 'mov', 'Ev,Sw', 'call', 'storeSegment'),
  row('8E /r', 'mov', 'Sw,Ew', 'end', 'loadSegmentRegister!'),
  row('06', 'push', 'ES', 'call', 'pushEs', { mode: 'legacy' }),
  row('0E', 'push', 'CS', 'call', 'pushCs', { mode: 'legacy' }),
  row('16', 'push', 'SS', 'call', 'pushSs', { mode: 'legacy' }),
  row('1E', 'push', 'DS', 'call', 'pushDs', { mode: 'legacy' }),
  row('0F A0', 'push', 'FS', 'call', 'pushFs', { size: 'default64' }),
  row('0F A8', 'push', 'GS', 'call', 'pushGs', { size: 'default64' }),
  row('07', 'pop', 'ES', 'end', 'popEs', { mode: 'legacy' }),
  row('17', 'pop', 'SS', 'end', 'popSs', { mode: 'legacy' }),
  row('1F', 'pop', 'DS', 'end', 'popDs', { mode: 'legacy' }),
  row('0F A1', 'pop', 'FS', 'end', 'popFs', { size: 'default64' }),
  row('0F A9', 'pop', 'GS', 'end', 'popGs', { size: 'default64' }),
  row('C4 /rm', 'les', 'Gz,Mp', 'end', 'loadFarEs', { mode: 'legacy' }),
  row('C5 /rm', 'lds', 'Gz,Mp', 'end', 'loadFarDs', { mode: 'legacy' }),
  row('0F B2 /rm', 'lss', 'Gv,Mp', 'end', 'loadFarSs'),
  row('0F B4 /rm', 'lfs', 'Gv,Mp', 'end', 'loadFarFs'),
  row('0F B5 /rm', 'lgs', 'Gv,Mp', 'end', 'loadFarGs'),
  row('F3 0F AE /0r', 'rdfsbase', 'Ry', 'call', 'readFsBase', { mode: 'long', feature: 'fsgsbase' }),
  row('F3 0F AE /1r', 'rdgsbase', 'Ry', 'call', 'readGsBase', { mode: 'long', feature: 'fsgsbase' }),
  row('F3 0F AE /2r', 'wrfsbase', 'Ry', 'call', 'writeFsBase', { mode: 'long', feature: 'fsgsbase' }),
  row('F3 0F AE /3r', 'wrgsbase', 'Ry', 'call', 'writeGsBase', { mode: 'long', feature: 'fsgsbase' }),
  row('0F 01 /F8', 'swapgs', '', 'call', 'swapGs!', { mode: 'long' }),

  // Far transfer.
  row('9A', 'callf', 'Ap', 'end', 'callFar', { mode: 'legacy' }),
  row('EA', 'jmpf', 'Ap', 'end', 'jumpFar', { mode: 'legacy' }),
  row('FF /3m', 'callf', 'Mp', 'end', 'callFarMemory'),
  row('FF /5m', 'jmpf', 'Mp', 'end', 'jumpFarMemory'),
  row('CB', 'retf', '', 'end', 'returnFar'),
  row('CA', 'retf', 'Iw', 'end', 'returnFar'),
  row('CF', 'iret', '', 'end', 'interruptReturn'),
  row('0F 05', 'syscall', '', 'end', 'systemCall!', { mode: 'long', feature: 'syscall' }),
  row('0F 07', 'sysret', '', 'end', 'systemReturn', { mode: 'long', feature: 'syscall' }),
  row('0F 34', 'sysenter', '', 'end', 'systemEnter!', { feature: 'sep' }),
  row('0F 35', 'sysexit', '', 'end', 'systemExit', { feature: 'sep' }),

  // Descriptor tables.
  row('0F 00 /0', 'sldt', 'Ev', 'call', 'storeLdtr'),
  row('0F 00 /1', 'str', 'Ev', 'call', 'storeTr'),
  row('0F 00 /2', 'lldt', 'Ew', 'call', 'loadLdtr!'),
  row('0F 00 /3', 'ltr', 'Ew', 'call', 'loadTr!'),
  row('0F 00 /4', 'verr', 'Ew', 'call', 'verifyRead!'),
  row('0F 00 /5', 'verw', 'Ew', 'call', 'verifyWrite!'),
  row('0F 01 /0m', 'sgdt', 'M', 'call', 'storeGdtr!'),
  row('0F 01 /1m', 'sidt', 'M', 'call', 'storeIdtr!'),
  row('0F 01 /2m', 'lgdt', 'M', 'call', 'loadGdtr'),
  row('0F 01 /3m', 'lidt', 'M', 'call', 'loadIdtr'),
  row('0F 01 /4', 'smsw', 'Ev', 'call', 'storeMachineStatus'),
  row('0F 01 /6', 'lmsw', 'Ew', 'end', 'loadMachineStatus!'),
  row('0F 01 /7m', 'invlpg', 'Mb', 'end', 'invalidatePageEntry!'),
  row('66 0F 38 82 /rm', 'invpcid', 'Gy,Mdq', 'end', 'invalidateContext!', { feature: 'invpcid' }),
  row('0F 02 /r', 'lar', 'Gv,Ew', 'call', 'loadAccessRights'),
  row('0F 03 /r', 'lsl', 'Gv,Ew', 'call', 'loadSegmentLimit'),
  row('63 /r', 'arpl', 'Ew,Gw', 'call', 'adjustRpl!', { mode: 'legacy' }),

  // Control and debug registers, model-specific registers.
  row('0F 20 /r', 'mov', 'Ry,Cy', 'call', 'readControl!'),
  row('0F 22 /r', 'mov', 'Cy,Ry', 'end', 'writeControl!'),
  row('0F 21 /r', 'mov', 'Ry,Dy', 'call', 'readDebug!'),
  row('0F 23 /r', 'mov', 'Dy,Ry', 'end', 'writeDebug!'),
  row('0F 06', 'clts', '', 'call', 'clearTaskSwitched!'),
  row('0F 30', 'wrmsr', '', 'end', 'writeMsr!', { feature: 'msr' }),
  row('0F 32', 'rdmsr', '', 'call', 'readMsr!', { feature: 'msr' }),
  row('0F 31', 'rdtsc', '', 'call', 'readTimeStamp!', { feature: 'tsc' }),
  row('0F 33', 'rdpmc', '', 'call', 'readCounter!'),
  row('0F 01 /F9', 'rdtscp', '', 'call', 'readTimeStampAndProcessor!', { feature: 'rdtscp' }),
  row('0F 01 /D0', 'xgetbv', '', 'call', 'readExtendedControl!', { feature: 'xsave' }),
  row('0F 01 /D1', 'xsetbv', '', 'call', 'writeExtendedControl!', { feature: 'xsave' }),
  row('0F 01 /CA', 'clac', '', 'call', 'clearAlignment!', { feature: 'smap' }),
  row('0F 01 /CB', 'stac', '', 'call', 'setAlignment!', { feature: 'smap' }),
  row('0F A2', 'cpuid', '', 'call', 'processorId!'),
  row('0F C7 /6r', 'rdrand', 'Rv', 'call', 'randomNumber', { feature: 'rdrand' }),
  row('0F C7 /7r', 'rdseed', 'Rv', 'call', 'randomNumber', { feature: 'rdseed' }),

  // Interrupt flag, halt, caches.
  row('FA', 'cli', '', 'call', 'clearInterrupt!'),
  row('FB', 'sti', '', 'end', 'setInterrupt!'),
  row('F4', 'hlt', '', 'end', 'halt!'),
  row('0F 08', 'invd', '', 'call', 'flushCaches!'),
  row('0F 09', 'wbinvd', '', 'call', 'flushCaches!'),

  // Ports.
  row('E4', 'in', 'AL,Ib', 'end', 'inputImmediate'),
  row('E5', 'in', 'eAX,Ib', 'end', 'inputImmediate'),
  row('E6', 'out', 'Ib,AL', 'end', 'outputImmediate'),
  row('E7', 'out', 'Ib,eAX', 'end', 'outputImmediate'),
  row('EC', 'in', 'AL,DX', 'end', 'inputPort'),
  row('ED', 'in', 'eAX,DX', 'end', 'inputPort'),
  row('EE', 'out', 'DX,AL', 'end', 'outputPort'),
  row('EF', 'out', 'DX,eAX', 'end', 'outputPort'),

  // Floating-point state.
  row('9B', 'fwait', '', 'call', 'waitX87!', { feature: 'fpu' }),
  row('0F AE /0m', 'fxsave', 'M', 'call', 'saveFpState', { feature: 'fxsr' }),
  row('0F AE /1m', 'fxrstor', 'M', 'call', 'restoreFpState', { feature: 'fxsr' }),
  row('0F AE /2m', 'ldmxcsr', 'Md', 'call', 'loadMxcsr!', { feature: 'sse' }),
  row('0F AE /3m', 'stmxcsr', 'Md', 'call', 'storeMxcsr!', { feature: 'sse' }),
  row('0F AE /4m', 'xsave', 'M', 'call', 'saveExtendedState', { feature: 'xsave' }),
  row('0F AE /5m', 'xrstor', 'M', 'call', 'restoreExtendedState', { feature: 'xsave' }),
  row('NP 0F F7 /rr', 'maskmovq', 'P,N', 'call', 'maskedStoreMmx!', { feature: 'sse' }),
  row('66 0F F7 /rr', 'maskmovdqu', 'V,U', 'call', 'maskedStoreXmm!', { feature: 'sse2' }),
];
