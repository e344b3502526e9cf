import { fillReadOnly, type CaseMemory } from '../case-memory.js';
import {
  CODE,
  CODE_BYTES,
  DATA,
  DATA_BYTES,
  DATA_PAGES,
  DRIVER,
  DRIVER_BYTES,
  EDGE,
  EDGE_PAIRS,
  FRAMES,
  FRAMES_BYTES,
  PAGE,
  RECORDS,
  RESERVED,
  RESERVED_END,
} from '../layout.js';
import { RECORD, RECORDS_BYTES, SIGALRM } from '../record.js';
import { LOCAL_SEGMENTS, type LocalSegment } from '../segments.js';
import type { Target } from '../target.js';
import { loadLinux, PROT, SIGACTION, STACK_T, type Linux } from './linux.js';
import { CONTROL, PROGRAM, SIGNAL_STACK, SIGNAL_STACK_BYTES } from './process-layout.js';
import { processProgram } from './process-program.js';

/** SIGILL, SIGTRAP, SIGBUS, SIGFPE, SIGSEGV: what exceptions become. */
const SIGNALS = [4, 5, 7, 8, 11, SIGALRM];
/** A batch takes milliseconds. */
const HANG_SECONDS = 2;
const SA_SIGINFO = 4;
const SA_ONSTACK = 0x0800_0000;
const SA_NODEFER = 0x4000_0000;

/** The end of what 32-bit code reaches, which nothing else in the process is to take. */
const LAST_PAGES = 0xffff_0000;
/** Linux keeps a processor's number as the limit of a descriptor programs can see (LSL of 7Bh); the guest's is 0. */
const FIRST_PROCESSOR = 0;

const READ_WRITE = PROT.read | PROT.write;
const EVERYTHING = READ_WRITE | PROT.execute;

/**
 * The host's processor, reached from this very process: the cases run at CPL 3 at native speed, in 64-bit code and,
 * through a local descriptor table, in 32- and 16-bit code. Their exceptions come back as signals.
 */
export class HostProcess implements Target {
  readonly name = 'silicon';
  readonly memory: CaseMemory;
  private readonly control: DataView;
  private readonly entry: number;
  private readonly handler: number;

  /** Only one at a time: the addresses are fixed. @throws Error saying why this host cannot */
  constructor(private readonly linux: Linux = loadLinux()) {
    const all = linux.map(RESERVED, RESERVED_END - RESERVED, PROT.none);
    linux.map(LAST_PAGES, 2 ** 32 - LAST_PAGES, PROT.none);
    linux.pin(FIRST_PROCESSOR);
    const part = (address: number, bytes: number): Uint8Array =>
      all.subarray(address - RESERVED, address - RESERVED + bytes);
    this.memory = {
      records: part(RECORDS, RECORDS_BYTES),
      code: part(CODE, CODE_BYTES),
      edge: part(EDGE, EDGE_PAIRS * 2 * PAGE),
      data: part(DATA, DATA_BYTES),
      frames: part(FRAMES, FRAMES_BYTES),
    };
    linux.protect(RECORDS, RECORDS_BYTES, READ_WRITE);
    linux.protect(CODE, CODE_BYTES, EVERYTHING);
    linux.protect(DRIVER, DRIVER_BYTES, EVERYTHING);
    for (let pair = 0; pair < EDGE_PAIRS; pair++) linux.protect(EDGE + pair * 2 * PAGE, PAGE, EVERYTHING);
    linux.protect(DATA, DATA_BYTES, READ_WRITE);
    linux.protect(FRAMES, FRAMES_BYTES, READ_WRITE);
    this.control = new DataView(all.buffer, all.byteOffset + DRIVER - RESERVED, DRIVER_BYTES);
    const program = processProgram(PROGRAM, linux.protectionKeys);
    part(PROGRAM, PAGE).set(program.finish());
    this.entry = program.addressOf('entry');
    this.handler = program.addressOf('handler');
    Object.values(LOCAL_SEGMENTS).forEach((segment, i) => linux.writeLdt(userDesc(i, segment)));
    fillReadOnly(this.memory);
    this.protectData();
  }

  private protectData(): void {
    DATA_PAGES.forEach((protection, i) => {
      if (protection !== 'write')
        this.linux.protect(DATA + i * PAGE, PAGE, protection === 'read' ? PROT.read : PROT.none);
    });
  }

  run(first: number, count: number): void {
    this.control.setBigUint64(CONTROL.current - DRIVER, BigInt(RECORDS + first * RECORD.bytes), true);
    this.control.setBigUint64(CONTROL.end - DRIVER, BigInt(RECORDS + (first + count) * RECORD.bytes), true);
    const { linux } = this;
    const oldStack = linux.setSignalStack(signalStack());
    const action = this.action();
    const old = SIGNALS.map((signal) => linux.setAction(signal, action));
    linux.call(this.entry, SIGALRM, HANG_SECONDS);
    SIGNALS.forEach((signal, i) => linux.setAction(signal, old[i]!));
    linux.setSignalStack(oldStack);
  }

  private action(): Uint8Array {
    const action = new Uint8Array(SIGACTION.bytes);
    const view = new DataView(action.buffer);
    view.setBigUint64(SIGACTION.handler, BigInt(this.handler), true);
    view.setInt32(SIGACTION.flags, SA_SIGINFO | SA_ONSTACK | SA_NODEFER, true);
    return action;
  }
}

function signalStack(): Uint8Array {
  const stack = new Uint8Array(STACK_T.bytes);
  const view = new DataView(stack.buffer);
  view.setBigUint64(STACK_T.address, BigInt(SIGNAL_STACK), true);
  view.setBigUint64(STACK_T.size, BigInt(SIGNAL_STACK_BYTES), true);
  return stack;
}

/** `struct user_desc` of <asm/ldt.h>: entry, base, limit, then bit fields. */
function userDesc(entry: number, { base, limit, kind, wide, restricted, absent }: LocalSegment): Uint8Array {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  const pages = limit > 0xf_ffff;
  const contents = kind === 'data' ? 0 : kind === 'expand-down' ? 1 : 2;
  view.setUint32(0, entry, true);
  view.setUint32(4, base, true);
  view.setUint32(8, pages ? limit >>> 12 : limit, true);
  const bits = (wide ? 1 : 0) | (contents << 1) | (restricted ? 8 : 0) | (pages ? 16 : 0) | (absent ? 32 : 0);
  view.setUint32(12, bits, true);
  return bytes;
}
