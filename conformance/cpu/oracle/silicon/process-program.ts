import { CONTROL } from './process-layout.js';
import { MachineCode } from '../machine-code.js';
import { AFTER, RECORD } from '../record.js';

const SEGMENT_MOVES = ['8e 9c 24', '8e 84 24', '8e a4 24', '8e ac 24'];
const SEGMENT_STORES = ['8c 9b', '8c 83', '8c a3', '8c ab'];
/** The order of {@link RECORD.selectors}. */
const SELECTOR_BYTES = 2;

/**
 * The machine code that takes the host's processor through a batch of records: `entry` is a C function without
 * arguments, `handler` a signal handler with SA_SIGINFO. Every case ends in a signal; instead of returning from it the
 * handler stores what the kernel saved and goes on with the next record.
 * @param protectionKeys whether the processor has them and the kernel uses them: V8 protects its code with one
 */
export function processProgram(address: number, protectionKeys: boolean): MachineCode {
  const program = new MachineCode(address);
  entry(program, protectionKeys);
  next(program);
  done(program, protectionKeys);
  handler(program);
  return program;
}

/** Saves what the C calling convention wants back, and the thread's FS and GS bases. */
function entry(program: MachineCode, protectionKeys: boolean): void {
  program
    .label('entry')
    .emit('53 55 41 54 41 55 41 56 41 57 9c') // push rbx, rbp, r12–r15; pushfq
    .emit32('48 89 24 25', CONTROL.stack) // mov [stack], rsp
    .emit32('48 0f ae 04 25', CONTROL.fx) // fxsave64 [fx]
    .emit('f3 48 0f ae c0') // rdfsbase rax
    .emit32('48 89 04 25', CONTROL.fsBase)
    .emit('f3 48 0f ae c8') // rdgsbase rax
    .emit32('48 89 04 25', CONTROL.gsBase)
    .emit32('c6 04 25', CONTROL.active) // mov byte [active], 1
    .emit('01');
  if (protectionKeys) program.emit('31 c9 0f 01 ee').emit32('89 04 25', CONTROL.keyRights); // rdpkru
}

/** Loads the start of the current record and enters it; IRETQ to the same ring loads CS, SS, TF and RF at once. */
function next(program: MachineCode): void {
  program
    .label('next')
    .emit32('48 8b 24 25', CONTROL.current) // mov rsp, [current]
    .emit32('48 3b 24 25', CONTROL.end) // cmp rsp, [end]
    .branch('0f 83', 'done')
    .emit32('48 0f ae 8c 24', RECORD.fx); // fxrstor64 [rsp + fx]
  SEGMENT_MOVES.forEach((move, i) => program.emit32(move, RECORD.selectors + i * SELECTOR_BYTES));
  program
    .emit32('48 8b 84 24', RECORD.fsBase) // mov rax, [rsp + fsBase]
    .emit('f3 48 0f ae d0') // wrfsbase rax
    .emit32('48 8b 84 24', RECORD.gsBase)
    .emit('f3 48 0f ae d8') // wrgsbase rax
    .emit('41 5f 41 5e 41 5d 41 5c 41 5b 41 5a 41 59 41 58') // pop r15–r8
    .emit('5f 5e 5d 5b 5a 59 58') // pop rdi, rsi, rbp, rbx, rdx, rcx, rax
    .emit('48 cf'); // iretq
}

function done(program: MachineCode, protectionKeys: boolean): void {
  program
    .label('done')
    .emit32('c6 04 25', CONTROL.active) // mov byte [active], 0
    .emit('00')
    .emit32('48 8b 24 25', CONTROL.stack)
    .emit32('b8', 0x2b)
    .emit('8e d0 31 c0') // mov ss, eax; xor eax, eax
    .emit('8e d8 8e c0 8e e0 8e e8') // mov ds, es, fs, gs, eax
    .emit32('48 8b 04 25', CONTROL.fsBase)
    .emit('f3 48 0f ae d0')
    .emit32('48 8b 04 25', CONTROL.gsBase)
    .emit('f3 48 0f ae d8');
  if (protectionKeys) program.emit32('8b 04 25', CONTROL.keyRights).emit('31 c9 31 d2 0f 01 ef'); // wrpkru
  program
    .emit32('48 0f ae 0c 25', CONTROL.fx) // fxrstor64 [fx]
    .emit('9d 41 5f 41 5e 41 5d 41 5c 5d 5b c3'); // popfq; pop r15–r12, rbp, rbx; ret
}

/** Offsets in the x86-64 `ucontext_t`: `gregs`, and the pointer to the floating-point state. */
const UCONTEXT_GREGS = 40;
const UCONTEXT_FPREGS = 224;
const GREGS_QWORDS = 23;

/** RDI is the signal, RDX points to the ucontext. */
function handler(program: MachineCode): void {
  program
    .label('handler')
    .emit('6a 02 9d') // push 2; popfq: NT and AC are still the case's
    // The alarm may come before or after the cases: back to what it interrupted.
    .emit32('80 3c 25', CONTROL.active) // cmp byte [active], 0
    .emit('00 75 01 c3') // jne +1; ret
    .emit32('48 8b 1c 25', CONTROL.current) // mov rbx, [current]
    .emit('49 89 f8') // mov r8, rdi
    .emit32('48 8d bb', RECORD.after) // lea rdi, [rbx + after]
    .emit([0x48, 0x8d, 0x72, UCONTEXT_GREGS]) // lea rsi, [rdx + gregs]
    .emit32('b9', GREGS_QWORDS)
    .emit('f3 48 a5') // rep movsq
    .emit32('4c 89 83', AFTER.signal); // mov [rbx + signal], r8
  SEGMENT_STORES.forEach((store, i) => program.emit32(store, RECORD.selectorsAfter + i * SELECTOR_BYTES));
  program
    .emit('f3 48 0f ae c0')
    .emit32('48 89 83', RECORD.fsBaseAfter)
    .emit('f3 48 0f ae c8')
    .emit32('48 89 83', RECORD.gsBaseAfter)
    .emit32('48 8b b2', UCONTEXT_FPREGS) // mov rsi, [rdx + fpregs]
    .emit32('48 8d bb', RECORD.fxAfter)
    .emit32('b9', 64)
    .emit('f3 48 a5')
    .emit32('48 81 04 25', CONTROL.current) // add qword [current], bytes
    .emit32('', RECORD.bytes)
    .branch('e9', 'next');
}
