import { protocol } from 'electron';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { CONTENT_SECURITY_POLICY } from '../../shared/content-security-policy.js';

export const APP_SCHEME = 'app';
export const APP_ORIGIN = `${APP_SCHEME}://annex`;

const MEDIA_TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
  '.json': 'application/json',
};

/** Must run before the app is ready. */
export function registerAppScheme(): void {
  protocol.registerSchemesAsPrivileged([
    { scheme: APP_SCHEME, privileges: { standard: true, secure: true, supportFetchAPI: true } },
  ]);
}

/** Serves the built renderer under `app://annex/`: only files inside `root`, only with our policy. */
export function serveApp(root: string): void {
  protocol.handle(APP_SCHEME, (request) => answer(root, request.url));
}

async function answer(root: string, url: string): Promise<Response> {
  const file = fileFor(root, url);
  const body = file === undefined ? undefined : await readFile(file).catch(() => undefined);
  if (file === undefined || body === undefined) return new Response('Not found', { status: 404 });
  return new Response(new Uint8Array(body), {
    headers: {
      'Content-Type': MEDIA_TYPES[path.extname(file)] ?? 'application/octet-stream',
      'Content-Security-Policy': CONTENT_SECURITY_POLICY,
      'X-Content-Type-Options': 'nosniff',
    },
  });
}

/** The file a URL names, or `undefined` if it is not ours or leaves the folder. */
export function fileFor(root: string, url: string): string | undefined {
  const { protocol: scheme, host, pathname } = new URL(url);
  if (scheme !== `${APP_SCHEME}:` || host !== 'annex') return undefined;
  let decoded: string;
  try {
    decoded = decodeURIComponent(pathname);
  } catch {
    return undefined;
  }
  const file = path.join(root, decoded === '/' ? 'index.html' : decoded);
  const inside = path.relative(root, file);
  return decoded.includes('\0') || inside.startsWith('..') || path.isAbsolute(inside) ? undefined : file;
}
