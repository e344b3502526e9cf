import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { build } from 'vite';
import { ForkStarter } from '../../src/main/host/supervisor/fork-starter.js';
import { Host } from '../../src/main/host/host.js';
import { AnnexServer } from '../../src/main/server/annex-server.js';

/** A host on an empty library and its server, showing a page of the benchmark's own instead of the product's. */
export interface BenchPage {
  readonly host: Host;
  /** With the access token. */
  readonly url: string;
  close(): Promise<void>;
}

/**
 * @param folder of the page's `index.html` @param vmProcess program of a VM process; the product's, once built
 */
export async function serveBenchPage(
  folder: string,
  vmProcess = path.resolve('out/main/vmhost.js'),
): Promise<BenchPage> {
  const work = await mkdtemp(path.join(tmpdir(), 'annex-bench-'));
  const page = path.join(work, 'page');
  await build({
    configFile: false,
    logLevel: 'warn',
    root: folder,
    build: { outDir: page, emptyOutDir: true, target: 'chrome128', modulePreload: false },
  });
  const host = await Host.open({
    libraryPath: path.join(work, 'library'),
    starter: new ForkStarter(vmProcess),
    diskJobStarter: new ForkStarter(path.resolve('out/main/disk-job.js')),
    version: 'bench',
  });
  const server = new AnnexServer(host, page);
  await server.listen(0);
  return {
    host,
    url: server.url,
    async close() {
      await server.close();
      await host.close();
      await rm(work, { recursive: true, force: true });
    },
  };
}
