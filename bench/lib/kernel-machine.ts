import { setTimeout as sleep } from 'node:timers/promises';
import type { Host } from '../../src/main/host/host.js';

const POLL_MS = 250;

export interface KernelGuest {
  /** Files of the host. */
  readonly kernel: string;
  readonly initrd?: string;
  readonly commandLine: string;
  readonly memoryMiB: number;
}

export interface KernelMachine {
  readonly id: string;
  /** @throws if the guest's text screen does not show it in time */
  waitForScreen(wanted: RegExp, seconds: number): Promise<void>;
  /** Guest instructions since power-on. */
  instructions(): Promise<number>;
}

/** Creates a machine that starts a kernel directly, and starts it. */
export async function kernelMachine(host: Host, guest: KernelGuest): Promise<KernelMachine> {
  const { kernel, initrd, commandLine, memoryMiB } = guest;
  const add = async (path: string) => (await host.command('media.add', { path })).id;
  const media = { kernel: await add(kernel), ...(initrd === undefined ? {} : { initrd: await add(initrd) }) };
  const start = { path: kernel, commandLine, ...(initrd === undefined ? {} : { initrd }) };
  const { config } = await host.command('machine.create', {
    draft: { name: 'bench', memoryMiB, kernel: start, media },
  });
  const { id } = config;
  await host.command('machine.start', { id });
  return {
    id,
    async waitForScreen(wanted, seconds) {
      let text: string | null = '';
      for (let left = (seconds * 1000) / POLL_MS; left > 0; left--) {
        ({ text } = await host.command('machine.screenText', { id }));
        if (wanted.test(text ?? '')) return;
        await sleep(POLL_MS);
      }
      throw new Error(`the guest does not show ${String(wanted)}:\n${text ?? '(graphics)'}`);
    },
    async instructions() {
      const { stats } = await host.command('machine.stats', { id });
      return Number(stats['instructions']);
    },
  };
}
