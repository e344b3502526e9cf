import {
  CPL, CR0, CR2, CR3, CR4, EFLAGS, EVENT_INTERRUPT, EVENT_MASK, EVENTS, MSR_KERNEL_GS_BASE, MSR_TSC_AUX, SEG_BASE, SEG_SELECTOR,
  SEGMENT_SIZE, SEGMENTS,
} from '../../core/layout.js'; // prettier-ignore
import { generalOperand } from '../code/operands.js';
import type { RegionCode } from '../code/region-code.js';
import { PAGE_RIP_LOCAL } from '../code/region-locals.js';
import { importIndex } from '../code/imports.js';
import type { Decoded } from '../decode/decoded.js';
import { Wasm } from '../wasm/wasm-op.js';
import { always, keeps, type Lowering, type Lowerings } from './lowering.js';
import { drop, natural, pushValue, topValue } from './stack.js';

/** Flags beyond the arithmetic ones, and system state that kernels touch all the time. */

const RAX = 0;
const RCX = 1;
const RDX = 2;
const FS = 4;
const GS = 5;
const CR0_TS = 8;
const CR4_TSD_BIT = 2;
const CR4_FSGSBASE = 1 << 16;
const FLAG_IF = 1 << 9;
const FLAG_DF = 1 << 10;

const baseOf = (segment: number): number => SEGMENTS + segment * SEGMENT_SIZE + SEG_BASE;

/** Leaves the instruction to the interpreter, which raises the fault, at any other privilege than 0. */
function requireSupervisor(to: RegionCode): void {
  to.code.i32(0).memory(Wasm.i32Load, CPL);
  to.exits.stepIf();
}

/** Clears and sets bits of a word in memory. */
function changeWord(to: RegionCode, word: number, clear: number, set = 0): void {
  const { code } = to;
  code.i32(0).i32(0).memory(Wasm.i32Load, word);
  if (clear) code.i32(~clear).op(Wasm.i32And);
  if (set) code.i32(set).op(Wasm.i32Or);
  code.memory(Wasm.i32Store, word);
}

const clearInterrupt: Lowering = {
  flags: keeps,
  leaves: always,
  emit(to) {
    requireSupervisor(to);
    changeWord(to, EFLAGS, FLAG_IF);
    changeWord(to, EVENT_MASK, EVENT_INTERRUPT);
  },
};

const setInterrupt: Lowering = {
  flags: keeps,
  leaves: always,
  emit(to, { offset, length, long }) {
    const { code } = to;
    code
      .get(PAGE_RIP_LOCAL)
      .i64(offset + length)
      .op(Wasm.i64Add);
    if (!long) code.i64(0xffff_ffff).op(Wasm.i64And);
    code.call(importIndex('enableInterrupts')).op(Wasm.i32Eqz);
    to.exits.stepIf();
  },
};

function direction(set: boolean): Lowering {
  return { flags: keeps, emit: (to) => changeWord(to, EFLAGS, set ? 0 : FLAG_DF, set ? FLAG_DF : 0) };
}

const pushFlags: Lowering = {
  flags: () => 'stores',
  leaves: always,
  accepts: natural,
  emit(to, instruction) {
    to.storeFlags();
    to.loadFlags();
    to.code.call(importIndex('flagsImage')).op(Wasm.i64ExtendI32U);
    pushValue(to, instruction, to.save(8));
  },
};

const popFlags: Lowering = {
  flags: () => 'sets',
  leaves: always,
  accepts: natural,
  emit(to, instruction) {
    const { code } = to;
    const value = topValue(to, instruction);
    code.get(value).op(Wasm.i32WrapI64).call(importIndex('replaceFlags')).op(Wasm.i32Eqz);
    to.exits.stepIf();
    drop(to, instruction, instruction.operandBytes);
    to.loadFlags();
  },
};

/** CLAC, STAC: what the kernel may reach changes, and so does its TLB. */
function alignmentFlag(set: boolean): Lowering {
  return {
    flags: keeps,
    leaves: always,
    emit(to) {
      requireSupervisor(to);
      to.code.i32(set ? 1 : 0).call(importIndex('setAlignmentFlag'));
      to.reloadTable();
    },
  };
}

const swapGs: Lowering = {
  flags: keeps,
  leaves: always,
  emit(to) {
    const { code } = to;
    requireSupervisor(to);
    code.i32(0).memory(Wasm.i64Load, baseOf(GS));
    const base = to.save(8);
    code.i32(0).i32(0).memory(Wasm.i64Load, MSR_KERNEL_GS_BASE).memory(Wasm.i64Store, baseOf(GS));
    code.i32(0).get(base).memory(Wasm.i64Store, MSR_KERNEL_GS_BASE);
  },
};

function requireBaseInstructions(to: RegionCode): void {
  to.code.i32(0).memory(Wasm.i32Load, CR4).i32(CR4_FSGSBASE).op(Wasm.i32And).op(Wasm.i32Eqz);
  to.exits.stepIf();
}

/** RDFSBASE, RDGSBASE. */
function readBase(segment: number): Lowering {
  return {
    flags: keeps,
    leaves: always,
    emit(to, instruction) {
      requireBaseInstructions(to);
      to.code.i32(0).memory(instruction.operandBytes === 8 ? Wasm.i64Load : Wasm.i64Load32U, baseOf(segment));
      to.registers.take64(generalOperand(instruction, 0).register);
    },
  };
}

/** WRFSBASE, WRGSBASE; an address that is not canonical faults. */
function writeBase(segment: number): Lowering {
  return {
    flags: keeps,
    leaves: always,
    emit(to, instruction) {
      const { code } = to;
      requireBaseInstructions(to);
      to.registers.push64(generalOperand(instruction, 0).register);
      if (instruction.operandBytes !== 8) code.i64(0xffff_ffff).op(Wasm.i64And);
      const base = to.save(8);
      code.get(base).i64(16).op(Wasm.i64Shl).i64(16).op(Wasm.i64ShrS).get(base).op(Wasm.i64Ne);
      to.exits.stepIf();
      code.i32(0).get(base).memory(Wasm.i64Store, baseOf(segment));
    },
  };
}

/** MOV of a segment register to a general one. */
const storeSegment: Lowering = {
  flags: keeps,
  accepts: ({ modrm, memory }) => memory === undefined && ((modrm >> 3) & 7) <= GS,
  emit(to, instruction) {
    const segment = (instruction.modrm >> 3) & 7;
    to.code.i32(0).memory(Wasm.i32Load16U, SEGMENTS + segment * SEGMENT_SIZE + SEG_SELECTOR);
    if (instruction.operandBytes === 8) to.code.op(Wasm.i64ExtendI32U);
    to.operands.store(to.operands.place(instruction, 0), instruction.operandBytes, to.save(instruction.operandBytes));
  },
};

const clearTaskSwitched: Lowering = {
  flags: keeps,
  leaves: always,
  emit(to) {
    requireSupervisor(to);
    changeWord(to, CR0, CR0_TS);
  },
};

/** RDTSC, RDTSCP: reading the time may show that a deadline has passed. */
function timeStamp(processor: boolean): Lowering {
  return {
    flags: keeps,
    leaves: always,
    emit(to, { offset, length }) {
      const { code } = to;
      code.i32(0).memory(Wasm.i32Load, CPL).op(Wasm.i32Eqz).op(Wasm.i32Eqz);
      code.i32(0).memory(Wasm.i32Load, CR4).i32(CR4_TSD_BIT).op(Wasm.i32ShrU).op(Wasm.i32And);
      to.exits.stepIf();
      code.call(importIndex('timeStampCounter'));
      const ticks = to.save(8);
      code.get(ticks).i64(0xffff_ffff).op(Wasm.i64And);
      to.registers.take64(RAX);
      code.get(ticks).i64(32).op(Wasm.i64ShrU);
      to.registers.take64(RDX);
      if (processor) {
        code.i32(0).memory(Wasm.i64Load32U, MSR_TSC_AUX);
        to.registers.take64(RCX);
      }
      code.i32(0).memory(Wasm.i32Load, EVENTS).i32(0).memory(Wasm.i32Load, EVENT_MASK).op(Wasm.i32And);
      code.openIf('unlikely');
      to.exits.pauseBehind(offset + length);
      code.end();
    },
  };
}

const CONTROL_REGISTERS: Readonly<Record<number, number>> = { 0: CR0, 2: CR2, 3: CR3, 4: CR4 };
const controlNumber = ({ modrm, rex }: Decoded): number => ((modrm >> 3) & 7) | ((rex & 4) << 1);

const readControl: Lowering = {
  flags: keeps,
  leaves: always,
  accepts: (instruction) => CONTROL_REGISTERS[controlNumber(instruction)] !== undefined,
  emit(to, instruction) {
    requireSupervisor(to);
    const from = CONTROL_REGISTERS[controlNumber(instruction)]!;
    to.code.i32(0).memory(instruction.long ? Wasm.i64Load : Wasm.i64Load32U, from);
    to.registers.take64(generalOperand(instruction, 0).register);
  },
};

export const SYSTEM: Lowerings = {
  'clearInterrupt!': clearInterrupt,
  'setInterrupt!': setInterrupt,
  'clearDirection!': direction(false),
  'setDirection!': direction(true),
  pushFlags,
  popFlags,
  'clearAlignment!': alignmentFlag(false),
  'setAlignment!': alignmentFlag(true),
  'swapGs!': swapGs,
  'readFsBase': readBase(FS),
  'readGsBase': readBase(GS),
  'writeFsBase': writeBase(FS),
  'writeGsBase': writeBase(GS),
  storeSegment,
  'readTimeStamp!': timeStamp(false),
  'readTimeStampAndProcessor!': timeStamp(true),
  'clearTaskSwitched!': clearTaskSwitched,
  'readControl!': readControl,
};
