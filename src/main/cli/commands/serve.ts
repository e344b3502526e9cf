import { EngineChooser, kvmProbeProgram } from '../../host/engine/engine-chooser.js';
import { ForkStarter } from '../../host/supervisor/fork-starter.js';
import { ServedHost } from '../../server/served-host.js';
import type { Command } from '../command.js';
import { installation, libraryPathOf, productVersion } from '../installation.js';
import { json } from '../terminal.js';

/** A background host with nothing to do for this long ends, in ms. */
const IDLE_MS = 60_000;

/** Serves the interface to the browser until stopped. */
export const serve: Command = {
  name: 'serve',
  positionals: [],
  summary: 'Serves the interface to the browser of this computer.',
  options: {
    port: { value: 'N', help: 'port to listen on (default: any free one)' },
    background: { help: 'be quiet, and end when nothing has run for a minute' },
  },
  async run(args, terminal) {
    const served = await ServedHost.open({
      libraryPath: libraryPathOf(args),
      starter: new ForkStarter(installation.vmProcess),
      diskJobStarter: new ForkStarter(installation.diskJob),
      engines: new EngineChooser(kvmProbeProgram(installation.engineProbe)),
      version: productVersion(),
      rendererFolder: installation.renderer,
      port: args.number('port', 0, 65535) ?? 0,
    });
    const { url } = served.server;
    if (args.flag('json')) terminal.out(json({ url, pid: process.pid }));
    else if (!args.flag('background')) terminal.out(`Annex is at ${url}\nPress Ctrl+C to stop it; running machines are powered off.\n`);
    await (args.flag('background') ? Promise.race([untilStopped(), untilIdle(served)]) : untilStopped());
    await served.close();
    return 0;
  },
}; // prettier-ignore

function untilStopped(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve());
  });
}

function untilIdle({ host, server }: ServedHost): Promise<void> {
  let idleSince = Date.now();
  return new Promise((resolve) => {
    const timer = setInterval(() => {
      if (host.running.length > 0 || server.clients > 0) idleSince = Date.now();
      if (Date.now() - idleSince < IDLE_MS) return;
      clearInterval(timer);
      resolve();
    }, 1000);
  });
}
