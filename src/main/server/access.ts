import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** Bytes of token and session key: 128 bits. */
const SECRET_BYTES = 16;

/** Names under which a loopback server may be addressed; any other is DNS rebinding. */
const LOOPBACK_NAMES = ['127.0.0.1', 'localhost', '[::1]'];

/**
 * Who may use a served host: somebody with the token (a program, by `Authorization: Bearer`), or a browser that showed
 * the token once and holds the session cookie since.
 */
export class Access {
  readonly token = randomBytes(SECRET_BYTES).toString('hex');
  private readonly session = randomBytes(SECRET_BYTES).toString('hex');
  private port = 0;

  /** Port the server got; cookies of several servers on one computer must not overwrite each other. */
  setPort(port: number): void {
    this.port = port;
  }

  /** The `Host` header names this loopback server, and `Origin`, if a browser sent one, is this server's own page. */
  isOwnOrigin({ headers }: IncomingMessage): boolean {
    const hosts = LOOPBACK_NAMES.map((name) => `${name}:${this.port}`);
    if (!headers.host || !hosts.includes(headers.host)) return false;
    return headers.origin === undefined || headers.origin === `http://${headers.host}`;
  }

  isAuthorized(request: IncomingMessage): boolean {
    const bearer = /^Bearer (\S+)$/.exec(request.headers.authorization ?? '')?.[1];
    if (bearer !== undefined) return sameSecret(bearer, this.token);
    const cookie = readCookie(request.headers.cookie ?? '', this.cookieName);
    return cookie !== undefined && sameSecret(cookie, this.session);
  }

  isToken(given: string): boolean {
    return sameSecret(given.trim(), this.token);
  }

  /** `Set-Cookie` for a browser that showed the token. */
  get sessionCookie(): string {
    return `${this.cookieName}=${this.session}; HttpOnly; SameSite=Strict; Path=/`;
  }

  private get cookieName(): string {
    return `annex-${this.port}`;
  }
}

/** Compares digests, so that neither content nor length of the secret shows in the time taken. */
function sameSecret(given: string, secret: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(secret));
}

function readCookie(header: string, name: string): string | undefined {
  for (const part of header.split(';')) {
    const [key, value] = part.trim().split('=', 2);
    if (key === name) return value;
  }
  return undefined;
}
