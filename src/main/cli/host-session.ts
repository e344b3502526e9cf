import { EngineChooser, kvmProbeProgram } from '../host/engine/engine-chooser.js';
import { spawn } from 'node:child_process';
import type { AnnexClient } from '../../shared/contract/client.js';
import { AnnexError } from '../../shared/contract/errors.js';
import { Host } from '../host/host.js';
import { ForkStarter } from '../host/supervisor/fork-starter.js';
import { findEndpoint } from '../server/endpoint.js';
import { installation, productVersion } from './installation.js';
import { RemoteHost } from './remote-host.js';

/** What commands need of a host, wherever it runs. */
export type HostSession = Pick<AnnexClient, 'request' | 'openChannel' | 'onEvent'> & { close(): Promise<void> };

/** How long a background host may take to come up, in ms, and how often it is looked for. */
const START_TIMEOUT_MS = 15_000;
const POLL_MS = 50;

/** The host that holds the library if one runs; else one of our own, for commands that start nothing. */
export async function openSession(libraryPath: string): Promise<HostSession> {
  const endpoint = await findEndpoint(libraryPath);
  return endpoint ? RemoteHost.connect(endpoint) : localSession(libraryPath);
}

/** The host that holds the library, started in the background if none runs: machines outlive this command. */
export async function openLastingSession(libraryPath: string): Promise<HostSession> {
  const endpoint = (await findEndpoint(libraryPath)) ?? (await startBackgroundHost(libraryPath));
  return RemoteHost.connect(endpoint);
}

async function localSession(libraryPath: string): Promise<HostSession> {
  const host = await Host.open({
    libraryPath,
    starter: new ForkStarter(installation.vmProcess),
    diskJobStarter: new ForkStarter(installation.diskJob),
    engines: new EngineChooser(kvmProbeProgram(installation.engineProbe)),
    version: productVersion(),
  });
  return {
    request: (name, request) => host.command(name, request),
    openChannel: (machineId, kind) => host.openChannel(machineId, kind),
    onEvent: (listener) => host.onEvent(listener),
    close: () => host.close(),
  };
}

async function startBackgroundHost(libraryPath: string) {
  const args = [installation.program, 'serve', '--background', '--library', libraryPath];
  spawn(process.execPath, args, { detached: true, stdio: 'ignore' }).unref();
  for (const deadline = Date.now() + START_TIMEOUT_MS; Date.now() < deadline;) {
    const endpoint = await findEndpoint(libraryPath);
    if (endpoint) return endpoint;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  throw new AnnexError('internal', 'Annex could not be started in the background. Try "annex serve" to see why.');
}
