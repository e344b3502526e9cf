import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { toWireError } from '../../shared/contract/errors.js';
import { CHANNEL_PATH, CONTROL_PATH, SESSION_PATH, UPLOAD_PATH } from '../../shared/contract/wire.js';
import type { Host } from '../host/host.js';
import { Access } from './access.js';
import { ChannelHandover } from './channel-handover.js';
import { serveControl } from './control-socket.js';
import { SECURITY_HEADERS, StaticFiles } from './static-files.js';

/** Longest request on the control socket: a paste of 100,000 characters with room to spare. */
const MAX_REQUEST_BYTES = 1 << 20;

/** Longest body of a session request; the token has 32 characters. */
const MAX_TOKEN_BYTES = 256;

/**
 * Served mode: the interface and the contract for browsers and the command line of this computer. Loopback only; every
 * request must address it by a loopback name (no DNS rebinding) and come from its own page or carry the token.
 */
export class AnnexServer {
  private readonly access = new Access();
  private readonly http: Server;
  private readonly sockets = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_REQUEST_BYTES,
    perMessageDeflate: false,
  });
  private readonly files: StaticFiles;
  private readonly channels: ChannelHandover;

  /** @param rendererFolder the built interface */
  constructor(
    private readonly host: Host,
    rendererFolder: string,
  ) {
    this.files = new StaticFiles(rendererFolder);
    this.channels = new ChannelHandover(host);
    this.http = createServer((request, response) => void this.handle(request, response));
    this.http.on('upgrade', (request, socket, head) => this.upgrade(request, socket, head));
    // An upload may take as long as it takes.
    this.http.requestTimeout = 0;
  } // prettier-ignore

  /** @param port 0 takes any free one @returns the port taken */
  async listen(port: number): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.http.once('error', reject);
      this.http.listen(port, '127.0.0.1', resolve);
    });
    const taken = (this.http.address() as AddressInfo).port;
    this.access.setPort(taken);
    return taken;
  }

  /** Control sockets of clients. */
  get clients(): number {
    return this.sockets.clients.size;
  }

  get token(): string {
    return this.access.token;
  }

  /** Address to open in a browser: the token is in the fragment, which no server, log or referrer sees. */
  get url(): string {
    return `http://127.0.0.1:${(this.http.address() as AddressInfo).port}/#token=${this.token}`;
  }

  close(): Promise<void> {
    this.sockets.clients.forEach((client) => client.terminate());
    this.http.closeAllConnections();
    return new Promise((resolve) => this.http.close(() => resolve()));
  }

  private async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (!this.access.isOwnOrigin(request)) return refuse(response, 403, 'Forbidden');
    const route = new URL(request.url ?? '/', 'http://localhost').pathname.slice(1);
    if (request.method === 'GET' || request.method === 'HEAD') return this.files.serve(request, response);
    if (request.method !== 'POST') return refuse(response, 405, 'Method not allowed');
    if (route === SESSION_PATH) return this.openSession(request, response);
    if (!this.access.isAuthorized(request)) return refuse(response, 401, 'Unauthorized');
    if (route === UPLOAD_PATH) return this.upload(request, response);
    refuse(response, 404, 'Not found');
  }

  private async openSession(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const token = await readShort(request, MAX_TOKEN_BYTES);
    if (token === undefined || !this.access.isToken(token)) return refuse(response, 401, 'Unauthorized');
    response.writeHead(204, { ...SECURITY_HEADERS, 'Set-Cookie': this.access.sessionCookie }).end();
  }

  private async upload(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const name = new URL(request.url!, 'http://localhost').searchParams.get('name') ?? '';
    const length = Number(request.headers['content-length'] ?? NaN);
    try {
      const media = await this.host.uploads.receive(name, request, Number.isFinite(length) ? length : null);
      sendJson(response, 200, media);
    } catch (error) {
      sendJson(response, 400, toWireError(error));
    }
  }

  private upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => socket.destroy());
    if (!this.access.isOwnOrigin(request) || !this.access.isAuthorized(request)) return refuseUpgrade(socket, '401 Unauthorized');
    const url = new URL(request.url ?? '/', 'http://localhost');
    const route = url.pathname.slice(1);
    if (route !== CONTROL_PATH && route !== CHANNEL_PATH) return refuseUpgrade(socket, '404 Not Found');
    const channel = Number(url.searchParams.get('id'));
    if (route === CHANNEL_PATH && this.channels.claim(channel, request, socket as Socket)) return;
    this.sockets.handleUpgrade(request, socket, head, (client) => {
      if (route === CONTROL_PATH) serveControl(client, this.host, this.channels);
      else client.close(4404, 'no such channel');
    });
  } // prettier-ignore
}

function refuse(response: ServerResponse, status: number, text: string): void {
  response
    .writeHead(status, { ...SECURITY_HEADERS, 'Content-Type': 'text/plain', 'Connection': 'close' })
    .end(`${text}\n`);
}

function refuseUpgrade(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { ...SECURITY_HEADERS, 'Content-Type': 'application/json' }).end(JSON.stringify(body));
}

/** A request's body as text; undefined if it is longer than allowed or breaks off. */
async function readShort(request: IncomingMessage, maxBytes: number): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > maxBytes) return undefined;
      chunks.push(chunk);
    }
  } catch {
    return undefined;
  }
  return Buffer.concat(chunks).toString('utf8');
}
