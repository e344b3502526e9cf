import { describe, expect, it } from 'vitest';
import { createDoorbell, ring } from '../rings/doorbell.js';
import { VcpuKicker } from './vcpu-kicker.js';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await turn();
}

describe('vCPU kicker', () => {
  it('signals the vCPU thread each time the bell is rung, and nobody while there is none', async () => {
    const bell = createDoorbell();
    const thread = new Int32Array(new SharedArrayBuffer(4));
    const signalled: number[] = [];
    const kicker = new VcpuKicker(bell, thread, (id) => signalled.push(id));
    ring(bell);
    for (let i = 0; i < 20; i++) await turn();
    expect(signalled).toEqual([]);
    thread[0] = 77;
    ring(bell);
    await until(() => signalled.length > 0);
    ring(bell);
    await until(() => signalled.length > 1);
    kicker.close();
    ring(bell);
    for (let i = 0; i < 20; i++) await turn();
    expect(signalled).toEqual([77, 77]);
  });
});
