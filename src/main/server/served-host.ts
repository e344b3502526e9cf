import { Host, type HostOptions } from '../host/host.js';
import { AnnexServer } from './annex-server.js';
import { findEndpoint, libraryInUse, publishEndpoint } from './endpoint.js';

export interface ServeOptions extends HostOptions {
  /** The built interface. */
  readonly rendererFolder: string;
  /** 0 takes any free port. */
  readonly port: number;
}

/** A host together with the loopback server in front of it, known to the command line. */
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
      return await ServedHost.around(host, options);
    } catch (error) {
      await host.close();
      throw error;
    }
  }

  /** Makes an open host reachable. @throws AnnexError `vm-locked` if another host is known for the library */
  static async around(
    host: Host,
    { libraryPath, rendererFolder, port }: Pick<ServeOptions, 'libraryPath' | 'rendererFolder' | 'port'>,
  ): Promise<ServedHost> {
    const server = new AnnexServer(host, rendererFolder);
    try {
      const unpublish = await publishEndpoint(libraryPath, await server.listen(port), server.token);
      return new ServedHost(host, server, unpublish);
    } catch (error) {
      await server.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.unpublish();
    await this.host.close();
    await this.server.close();
  }
}
