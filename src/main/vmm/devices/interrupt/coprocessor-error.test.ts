import { describe, expect, it } from 'vitest';
import { PortBus } from '../../bus/port-bus.js';
import { COPROCESSOR_ERROR_PORT, CoprocessorError } from './coprocessor-error.js';

function wired(): { chip: CoprocessorError; ports: PortBus; levels: boolean[] } {
  const levels: boolean[] = [];
  const chip = new CoprocessorError({ set: (asserted) => levels.push(asserted) });
  const ports = new PortBus();
  chip.attach(ports);
  return { chip, ports, levels };
}

describe('coprocessor error logic', () => {
  it('requests IRQ 13 when an error is told, until port F0h is written', () => {
    const { chip, ports, levels } = wired();
    chip.errorPin = true;
    chip.errorPin = true;
    expect([levels, chip.ignored]).toEqual([[true], false]);
    ports.write(COPROCESSOR_ERROR_PORT, 0, 1);
    expect([levels, chip.ignored]).toEqual([[true, false], true]);
    chip.errorPin = true;
    expect(levels).toEqual([true, false]);
  });

  it('ignores errors only while the one it was told of lasts', () => {
    const { chip, ports, levels } = wired();
    ports.write(COPROCESSOR_ERROR_PORT, 0, 1);
    expect(chip.ignored).toBe(false);
    chip.errorPin = true;
    ports.write(COPROCESSOR_ERROR_PORT, 0, 1);
    chip.errorPin = false;
    expect(chip.ignored).toBe(false);
    chip.errorPin = true;
    expect(levels.at(-1)).toBe(true);
  });

  it('goes on from a saved state with its request and its pins', () => {
    const { chip, ports } = wired();
    chip.errorPin = true;
    const requested = wired();
    requested.chip.loadState(chip.saveState());
    expect(requested.levels).toEqual([true]);
    ports.write(COPROCESSOR_ERROR_PORT, 0, 1);
    const ignoring = wired();
    ignoring.chip.loadState(chip.saveState());
    expect([ignoring.levels, ignoring.chip.ignored]).toEqual([[false], true]);
    ignoring.chip.reset();
    expect(ignoring.chip.ignored).toBe(false);
  });
});
