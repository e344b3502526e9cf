import { expect, it } from 'vitest';
import type { MachineCondition } from '../../vmm/machine/machine.js';
import { HostClock } from '../../vmm/time/clock.js';
import { SteadyClock } from '../../vmm/time/steady-clock.js';
import { createDoorbell, ring } from '../rings/doorbell.js';
import { MachineLoop, type LoopPorts } from './machine-loop.js';

const RUNNING: MachineCondition = { kind: 'running' };
const HALTED: MachineCondition = { kind: 'halted', forGood: false };
const OFF: MachineCondition = { kind: 'off', cause: 'power-off' };

function loopOver(slices: MachineCondition[], more: Partial<LoopPorts> = {}) {
  const log: string[] = [];
  const kick = createDoorbell();
  const clock = new HostClock(() => performance.now() * 1e6);
  const loop = new MachineLoop({
    machine: {
      runSlice: () => {
        const condition = slices.shift() ?? OFF;
        log.push(condition.kind);
        return condition;
      },
      nextDeadlineNs: 0,
    },
    clock,
    guestClock: new SteadyClock(clock),
    kick,
    blocks: { pending: 0, drain: () => log.push('drain') },
    takeMessages: () => log.push('messages'),
    onEnd: (condition) => log.push(`end ${condition.kind}`),
    onHaltedForGood: () => log.push('for good'),
    afterSlice: () => {},
    ...more,
  });
  return { loop, log, kick, clock };
}

it('takes in what came before the first slice, runs, and ends with the machine', () => {
  const { loop, log } = loopOver([RUNNING, HALTED, OFF]);
  loop.run();
  expect(log).toEqual(['messages', 'drain', 'running', 'halted', 'off', 'end off']);
});

it('delivers again only when rung', () => {
  const { loop, log, kick } = loopOver([RUNNING, RUNNING, OFF], {
    afterSlice: () => {
      if (log.filter((entry) => entry === 'running').length === 1 && !log.includes('rung')) {
        log.push('rung');
        ring(kick);
      }
    },
  });
  loop.run();
  expect(log).toEqual(['messages', 'drain', 'running', 'rung', 'messages', 'drain', 'running', 'off', 'end off']);
});

it('does not sleep through a ring that came during the slice', () => {
  const kick = createDoorbell();
  let rounds = 0;
  const { loop } = loopOver([HALTED], {
    kick,
    machine: { runSlice: () => (rounds++ === 0 ? HALTED : OFF), nextDeadlineNs: Infinity },
    afterSlice: () => void ring(kick),
  });
  loop.run();
  expect(rounds).toBe(2);
});

it('tells once that the guest has switched its processor off', () => {
  const forGood: MachineCondition = { kind: 'halted', forGood: true };
  const { loop, log } = loopOver([HALTED, forGood, forGood, OFF]);
  loop.run();
  expect(log.filter((entry) => entry === 'for good')).toHaveLength(1);
});

it('runs no slice and stops virtual time while paused', () => {
  const { loop, log, kick, clock } = loopOver([OFF], {
    takeMessages: () => {
      if (log.push('messages') === 1) {
        loop.pause();
        ring(kick);
      } else loop.resume();
    },
    afterSlice: () => log.push(`time ${clock.nowNs() === clock.nowNs() ? 'stands' : 'runs'}`),
  });
  loop.run();
  expect(log.slice(0, 3)).toEqual(['messages', 'drain', 'time stands']);
  expect(log.filter((entry) => entry === 'off')).toHaveLength(1);
});

it('ends when told to, without another slice', () => {
  const { loop, log } = loopOver([RUNNING], { takeMessages: () => loop.end() });
  loop.run();
  expect(log).toEqual(['drain']);
});
