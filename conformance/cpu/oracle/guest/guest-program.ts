import { MachineCode } from '../machine-code.js';
import { AFTER, RECORD } from '../record.js';
import { CONTROL, PASSING_VECTOR, PROGRAM } from './guest-layout.js';

/** Exceptions that push an error code (SDM vol. 3, table 6-1). */
const WITH_ERROR_CODE = new Set([8, 10, 11, 12, 13, 14, 17]);
const VECTORS = 256;

/**
 * Opcode and ModR/M of `mov [rax + disp32], register` in the order of ucontext's gregs, but for RAX itself, which waits
 * in memory, and RSP, which is on the stack.
 */
const REGISTER_STORES = [
  '4c 89 80', '4c 89 88', '4c 89 90', '4c 89 98', '4c 89 a0', '4c 89 a8', '4c 89 b0', '4c 89 b8', // r8–r15
  '48 89 b8', '48 89 b0', '48 89 a8', '48 89 98', '48 89 90', // rdi rsi rbp rbx rdx
]; // prettier-ignore
const STORE_RCX = '48 89 88';
const GREGS_RAX = 13;
const GREGS_RCX = 14;
const GREGS_RSP = 15;
const SELECTOR_BYTES = 2;
const SEGMENT_MOVES = ['8e 9c 24', '8e 84 24', '8e a4 24', '8e ac 24'];
const SEGMENT_STORES = ['8c 98', '8c 80', '8c a0', '8c a8'];

/** The ring-0 program that takes a guest through the records: `next` starts it, HLT ends it, `vector0…255` are its gates. */
export function guestProgram(): MachineCode {
  const program = new MachineCode(PROGRAM);
  next(program);
  for (let vector = 0; vector < VECTORS; vector++) {
    program.label(`vector${vector}`);
    if (vector === PASSING_VECTOR) {
      program.emit('48 cf'); // iretq
      continue;
    }
    if (!WITH_ERROR_CODE.has(vector)) program.emit('6a 00'); // push 0
    program.emit32('68', vector).branch('e9', 'exception'); // push vector
  }
  exception(program);
  return program;
}

function next(program: MachineCode): void {
  program
    .label('next')
    .emit32('48 8b 24 25', CONTROL.current) // mov rsp, [current]
    .emit32('48 3b 24 25', CONTROL.end) // cmp rsp, [end]
    .branch('0f 83', 'done')
    .emit32('48 0f ae 8c 24', RECORD.fx); // fxrstor64 [rsp + fx]
  SEGMENT_MOVES.forEach((move, i) => program.emit32(move, RECORD.selectors + i * SELECTOR_BYTES));
  program
    .emit32('48 8b 84 24', RECORD.fsBase)
    .emit('f3 48 0f ae d0') // wrfsbase rax
    .emit32('48 8b 84 24', RECORD.gsBase)
    .emit('f3 48 0f ae d8') // wrgsbase rax
    .emit('41 5f 41 5e 41 5d 41 5c 41 5b 41 5a 41 59 41 58') // pop r15–r8
    .emit('5f 5e 5d 5b 5a 59 58') // pop rdi, rsi, rbp, rbx, rdx, rcx, rax
    .emit('48 cf') // iretq
    .label('done')
    .emit('f4'); // hlt
}

/** Stack: vector, error code, RIP, CS, RFLAGS, RSP, SS. */
function exception(program: MachineCode): void {
  const store = (at: number): void => void program.emit32(STORE_RCX, at);
  const popTo = (at: number): void => {
    program.emit('59'); // pop rcx
    store(at);
  };
  program
    .label('exception')
    .emit32('48 89 04 25', CONTROL.scratch) // mov [scratch], rax
    .emit32('48 8b 04 25', CONTROL.current); // mov rax, [current]
  REGISTER_STORES.forEach((opcode, i) => program.emit32(opcode, RECORD.after + i * 8));
  store(RECORD.after + GREGS_RCX * 8);
  program.emit32('48 8b 0c 25', CONTROL.scratch); // mov rcx, [scratch]
  store(RECORD.after + GREGS_RAX * 8);
  for (const at of [AFTER.vector, AFTER.error, AFTER.rip, AFTER.csAndSs, AFTER.rflags]) popTo(at);
  popTo(RECORD.after + GREGS_RSP * 8);
  program.emit('59').emit32('66 89 88', AFTER.csAndSs + 6); // pop rcx; mov [rax + …], cx
  program.emit('0f 20 d1'); // mov rcx, cr2
  store(AFTER.cr2);
  SEGMENT_STORES.forEach((opcode, i) => program.emit32(opcode, RECORD.selectorsAfter + i * SELECTOR_BYTES));
  program.emit('f3 48 0f ae c1'); // rdfsbase rcx
  store(RECORD.fsBaseAfter);
  program.emit('f3 48 0f ae c9'); // rdgsbase rcx
  store(RECORD.gsBaseAfter);
  program
    .emit32('48 0f ae 80', RECORD.fxAfter) // fxsave64 [rax + fxAfter]
    .emit32('48 81 04 25', CONTROL.current) // add qword [current], bytes
    .emit32('', RECORD.bytes)
    .branch('e9', 'next');
}
