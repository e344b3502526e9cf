import type { VcpuFactory } from '../../src/main/vmm/machine/machine-ports.js';
import { Lab, type LabOptions, type Outcome } from './lab.js';

/** One property of the architecture a virtual machine must keep. */
export interface TrapCase {
  readonly trap: string;
  /** Where the manual says so: volume and section of the SDM. */
  readonly reference: string;
  readonly run: (create: VcpuFactory) => unknown;
  readonly expected: unknown;
}

/** A case in one lab. @param run does it and answers with what it saw */
export function trap(
  name: string,
  reference: string,
  options: LabOptions,
  run: (lab: Lab) => unknown,
  expected: unknown,
): TrapCase {
  return { trap: name, reference, run: (create) => inLab(new Lab(create, options), run), expected };
}

function inLab(lab: Lab, run: (lab: Lab) => unknown): unknown {
  try {
    return run(lab);
  } finally {
    lab.engine.close();
  }
}

/** A case whose code, run on its own, ends in one event. */
export function outcome(
  name: string,
  reference: string,
  options: LabOptions,
  code: Uint8Array,
  expected: string,
  prepare: (lab: Lab) => void = () => undefined,
): TrapCase {
  return trap(name, reference, options, (lab) => {
    prepare(lab);
    return told(lab.execute(code));
  }, expected); // prettier-ignore
}

const NAMES: Readonly<Record<number, string>> = {
  0: '#DE', 1: '#DB', 2: 'NMI', 3: '#BP', 4: '#OF', 5: '#BR', 6: '#UD', 7: '#NM', 8: '#DF', 10: '#TS', 11: '#NP',
  12: '#SS', 13: '#GP', 14: '#PF', 16: '#MF', 17: '#AC', 19: '#XM',
}; // prettier-ignore

/** An outcome in words: `#GP(0) at +3`, `int 80h at +2`, `end`. Error codes are hexadecimal, addresses are offsets. */
export function told({ event, error, at }: Outcome): string {
  if (typeof event === 'string') return event;
  const name = NAMES[event] ?? `int ${event.toString(16)}h`;
  const code = error === undefined ? '' : `(${error.toString(16)})`;
  return `${name}${code} at +${at!.toString(16)}`;
}
