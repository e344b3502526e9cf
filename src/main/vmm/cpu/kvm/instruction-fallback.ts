import type { GuestMemory } from '../../memory/guest-memory.js';
import type { VcpuExit } from '../engine.js';
import type { InterpreterEngine } from '../interpreter.js';
import type { CpuState } from '../registers.js';

/**
 * Executes single instructions for a kernel that cannot: one that emulates the guest's has no code for many of them, such
 * as WAIT and FXSAVE in 64-bit mode. The interpreter is made when it is needed first.
 */
export class InstructionFallback {
  private interpreter: InterpreterEngine | undefined;

  constructor(
    private readonly memory: GuestMemory,
    private readonly create: () => InterpreterEngine,
  ) {}

  /** @param state of a vCPU with nothing in flight. @returns the state behind its next instruction, and why it ended there */
  step(state: CpuState, a20: boolean): { readonly state: CpuState; readonly exit: VcpuExit } {
    const interpreter = (this.interpreter ??= this.createUnobserved());
    interpreter.forgetMemory();
    interpreter.setA20(a20);
    interpreter.loadState(state);
    const exit = interpreter.run(1);
    return { state: interpreter.saveState(), exit };
  }

  /** It forgets memory before each instruction anyway, so that whoever is told of changes now goes on to be. */
  private createUnobserved(): InterpreterEngine {
    const { observer } = this.memory;
    const interpreter = this.create();
    this.memory.observe(observer);
    return interpreter;
  }
}
