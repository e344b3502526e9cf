import { createReadStream } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { CONTENT_SECURITY_POLICY } from '../../shared/content-security-policy.js';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.wasm': 'application/wasm',
};

export const SECURITY_HEADERS = {
  'Content-Security-Policy': CONTENT_SECURITY_POLICY,
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
} as const;

/** Serves the built interface, and no file outside its folder. */
export class StaticFiles {
  constructor(private readonly root: string) {}

  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const file = await this.find(new URL(request.url ?? '/', 'http://localhost').pathname);
    if (file === undefined) {
      response.writeHead(404, { ...SECURITY_HEADERS, 'Content-Type': 'text/plain' }).end('Not found\n');
      return;
    }
    const hashed = file.includes(`${path.sep}assets${path.sep}`);
    response.writeHead(200, {
      ...SECURITY_HEADERS,
      'Content-Type': TYPES[path.extname(file)] ?? 'application/octet-stream',
      'Cache-Control': hashed ? 'public, max-age=31536000, immutable' : 'no-cache',
    });
    if (request.method === 'HEAD') response.end();
    else await pipeline(createReadStream(file), response).catch(() => response.destroy());
  }

  /** The file a URL path names; undefined if it is none, or not inside the root once links are followed. */
  private async find(urlPath: string): Promise<string | undefined> {
    try {
      const decoded = decodeURIComponent(urlPath);
      if (decoded.includes('\0')) return undefined;
      const root = await realpath(this.root);
      const file = await realpath(path.join(root, decoded.endsWith('/') ? `${decoded}index.html` : decoded));
      const inside = file.startsWith(root + path.sep);
      return inside && (await stat(file)).isFile() ? file : undefined;
    } catch {
      return undefined;
    }
  }
}
