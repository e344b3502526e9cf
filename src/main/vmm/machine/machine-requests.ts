import type { OffCause } from './machine-control.js';

/**
 * What chips ask of the machine from inside a vCPU slice. It is carried out when the slice has ended: nothing may reset
 * the processor under its own feet.
 */
export class MachineRequests {
  private off: OffCause | undefined;
  private initialise = false;

  /** @param leaveSlice makes the vCPU come back */
  constructor(private readonly leaveSlice: () => void) {}

  powerOff(): void {
    this.off = 'power-off';
    this.leaveSlice();
  }

  reset(cause: 'reset' | 'triple-fault' = 'reset'): void {
    this.off ??= cause;
    this.leaveSlice();
  }

  /** INIT of the processor alone. */
  init(): void {
    this.initialise = true;
    this.leaveSlice();
  }

  takeOff(): OffCause | undefined {
    const cause = this.off;
    this.off = undefined;
    return cause;
  }

  takeInit(): boolean {
    const init = this.initialise;
    this.initialise = false;
    return init;
  }
}
