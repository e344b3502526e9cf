import { CODE_CASES } from './cases/code.js';
import { DEBUG_CASES } from './cases/debug.js';
import { EXCEPTION_CASES } from './cases/exceptions.js';
import { GATE_CASES } from './cases/gates.js';
import { INTERRUPT_CASES } from './cases/interrupts.js';
import { PAGING_CASES } from './cases/paging.js';
import { PRIVILEGE_CASES } from './cases/privilege.js';
import { REAL_MODE_CASES } from './cases/real-mode.js';
import { SEGMENTATION_CASES } from './cases/segmentation.js';
import { SENSITIVE_CASES } from './cases/sensitive.js';
import { SYSTEM_CALL_CASES } from './cases/system-calls.js';
import { TASK_CASES } from './cases/tasks.js';
import { VIRTUAL_8086_CASES } from './cases/virtual-8086.js';
import type { TrapCase } from './trap-case.js';

/** All cases by what they are about. */
export const TRAP_GROUPS: readonly { readonly name: string; readonly cases: readonly TrapCase[] }[] = [
  { name: 'Sensitive instructions that do not trap', cases: SENSITIVE_CASES },
  { name: 'Privileged instructions', cases: PRIVILEGE_CASES },
  { name: 'Interrupt masking and shadows', cases: INTERRUPT_CASES },
  { name: 'Self-modifying code', cases: CODE_CASES },
  { name: 'Real mode, A20, descriptor caches', cases: REAL_MODE_CASES },
  { name: 'Gates, rings and stacks', cases: GATE_CASES },
  { name: 'Task switches', cases: TASK_CASES },
  { name: 'Virtual-8086 mode', cases: VIRTUAL_8086_CASES },
  { name: 'Debug registers and single step', cases: DEBUG_CASES },
  { name: 'SYSCALL, SYSRET, SYSENTER, SYSEXIT', cases: SYSTEM_CALL_CASES },
  { name: 'Segmentation', cases: SEGMENTATION_CASES },
  { name: 'Paging', cases: PAGING_CASES },
  { name: 'Exceptions, floating point, extended state', cases: EXCEPTION_CASES },
];
