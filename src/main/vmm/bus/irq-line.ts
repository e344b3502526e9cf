/**
 * One interrupt wire. A device drives its level and knows nothing of what listens; edge- or level-triggering is the
 * listener's business. Setting the level a line already has is free and has no effect.
 */
export interface IrqLine {
  set(asserted: boolean): void;
}

/** A line that calls its listener when the level changes. */
export function irqLine(onChange: (asserted: boolean) => void): IrqLine {
  let level = false;
  return {
    set(asserted) {
      if (asserted === level) return;
      level = asserted;
      onChange(asserted);
    },
  };
}

/** Several outputs wired to one input (an open-collector OR, as PCI INTx sharing needs). */
export function sharedIrqLine(target: IrqLine): () => IrqLine {
  let asserted = 0;
  return () =>
    irqLine((on) => {
      asserted += on ? 1 : -1;
      target.set(asserted > 0);
    });
}

/** For a device whose interrupt is not connected. */
export const unconnectedIrq: IrqLine = { set() {} };
