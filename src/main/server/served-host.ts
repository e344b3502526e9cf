import { Host, type HostOptions } from '../host/host.js';
import { AnnexServer } from './annex-server.js';
import { findEndpoint, libraryInUse, publishEndpoint } from './endpoint.js';

export interface ServeOptions extends HostOptions {
  /** The built interface. */
  readonly rendererFolder: string;
  /** 0 takes any free port. */
  readonly port: number;
}

/** A host together with the loopback server in front of it. */
export class ServedHost {
  private constructor(
    readonly host: Host,
    readonly server: AnnexServer,
    private readonly unpublish: () => Promise<void>,
  ) {}

  /** @throws AnnexError if the library is in use by another host or cannot be opened */
  static async open(options: ServeOptions): Promise<ServedHost> {
    const other = await findEndpoint(options.libraryPath);
    if (other) throw libraryInUse(other);
    const host = await Host.open(options);
    try {
      const server = new AnnexServer(host, options.rendererFolder);
      const port = await server.listen(options.port);
      return new ServedHost(host, server, await publishEndpoint(options.libraryPath, port, server.token));
    } catch (error) {
      await host.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.unpublish();
    await this.host.close();
    await this.server.close();
  }
}
