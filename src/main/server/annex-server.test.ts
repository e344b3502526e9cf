import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { FakeVmStarter } from '../../testing/fake-vm-starter.js';
import { Host } from '../host/host.js';
import { AnnexServer } from './annex-server.js';

let root: string;
let host: Host;
let starter: FakeVmStarter;
let server: AnnexServer;
let port: number;

beforeAll(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'annex-server-'));
  const renderer = path.join(root, 'renderer');
  await mkdir(renderer);
  await writeFile(path.join(renderer, 'index.html'), '<!doctype html>hello');
  await writeFile(path.join(root, 'secret'), 'secret');
  await symlink(path.join(root, 'secret'), path.join(renderer, 'link'));
  starter = new FakeVmStarter();
  host = await Host.open({
    libraryPath: path.join(root, 'library'),
    starter,
    diskJobStarter: new FakeVmStarter(),
    version: '0',
  });
  server = new AnnexServer(host, renderer);
  port = await server.listen(0);
});

afterAll(async () => {
  await server.close();
  await host.close();
  await rm(root, { recursive: true });
});

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A request as a hostile client may send it: `fetch` would tidy the path and set Host itself. */
function ask(method: string, target: string, headers: Record<string, string> = {}, body = ''): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({ host: '127.0.0.1', port, method, path: target, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () => resolve({ status: response.statusCode!, headers: response.headers, body: text }));
    });
    request.on('error', reject);
    request.end(body);
  });
}

const own = () => `http://127.0.0.1:${port}`;
const bearer = () => ({ Authorization: `Bearer ${server.token}` });

/** Resolves to `open`, or to the status the upgrade was refused with. */
function connect(route: string, headers: Record<string, string>): Promise<string | number> {
  return new Promise((resolve) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/${route}`, { headers });
    socket.on('open', () => {
      resolve('open');
      socket.close();
    });
    socket.on('unexpected-response', (_request, response) => resolve(response.statusCode!));
    socket.on('error', () => {});
  });
}

describe('files', () => {
  it('serves the interface with a strict policy', async () => {
    const { status, headers, body } = await ask('GET', '/');
    expect([status, body]).toEqual([200, '<!doctype html>hello']);
    expect(headers['content-security-policy']).toContain("default-src 'none'");
    expect(headers['content-security-policy']).not.toContain('unsafe-eval');
  });

  it.each(['/../secret', '/..%2fsecret', '/%2e%2e/secret', '/link', '/%00', '/%', '//etc/passwd', '/index.html/../../secret'])(
    'serves nothing outside its folder: %s',
    async (target) => {
      expect((await ask('GET', target)).status).toBe(404);
    },
  ); // prettier-ignore
});

describe('access', () => {
  it.each(['evil.example', 'evil.example:PORT', '127.0.0.1', 'localhost.evil.example:PORT', '127.0.0.1:1'])(
    'refuses the host name %s',
    async (name) => {
      expect((await ask('GET', '/', { Host: name.replace('PORT', String(port)) })).status).toBe(403);
    },
  );

  it('refuses requests of other pages', async () => {
    const headers = { ...bearer(), Origin: 'http://evil.example' };
    expect((await ask('POST', '/session', headers, server.token)).status).toBe(403);
    expect(await connect('control', headers)).toBe(401);
    expect(await connect('control', { ...bearer(), Origin: 'null' })).toBe(401);
  });

  it('gives a session for the token only, in a cookie scripts cannot read', async () => {
    for (const wrong of ['', 'x'.repeat(32), server.token.slice(1), 'y'.repeat(100_000)])
      expect((await ask('POST', '/session', { Origin: own() }, wrong)).status).toBe(401);
    const { status, headers } = await ask('POST', '/session', { Origin: own() }, server.token);
    const [cookie] = headers['set-cookie']!;
    expect(status).toBe(204);
    expect(cookie).toMatch(/HttpOnly; SameSite=Strict/);
    expect(cookie).not.toContain(server.token);
    expect(await connect('control', { Origin: own(), Cookie: cookie!.split(';')[0]! })).toBe('open');
  });

  it('lets nobody in without token or session', async () => {
    expect(await connect('control', {})).toBe(401);
    expect(await connect('channel?id=1', {})).toBe(401);
    expect(await connect('control', { Authorization: 'Bearer ' })).toBe(401);
    expect(await connect('control', { Cookie: `annex-${port}=0` })).toBe(401);
    expect((await ask('POST', '/upload?name=x', { Origin: own() }, 'data')).status).toBe(401);
    expect(await connect('control', bearer())).toBe('open');
    expect(await connect('other', bearer())).toBe(404);
  });
});

describe('contract', () => {
  async function talk(...messages: (string | Buffer)[]): Promise<unknown[]> {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/control`, { headers: bearer() });
    const answers: unknown[] = [];
    await new Promise((resolve) => socket.on('open', resolve));
    const done = new Promise<void>((resolve) => {
      socket.on('close', (code) => {
        answers.push(`closed ${code}`);
        resolve();
      });
      socket.on('message', (data: Buffer) => {
        answers.push(JSON.parse(data.toString()));
        if (answers.length === messages.length) resolve();
      });
    });
    messages.forEach((message) => socket.send(message));
    await done;
    socket.terminate();
    return answers;
  }

  it('answers requests, each with its id', async () => {
    const answers = await talk(
      JSON.stringify({ id: 7, name: 'settings.get', payload: {} }),
      JSON.stringify({ id: 8, name: 'machine.start', payload: { id: 'x' } }),
    );
    expect(answers).toContainEqual({ id: 7, reply: { settings: {} } });
    expect(answers).toContainEqual({ id: 8, error: expect.objectContaining({ code: 'vm-not-found' }) });
  });

  it.each([['not json'], ['null'], ['{"id":"1"}'], [Buffer.from([1, 2, 3])]])('drops a client that sends %s', async (message) => {
    expect(await talk(message)).toEqual(['closed 1002']);
  }); // prettier-ignore

  it('drops a client that sends too much at once', async () => {
    expect(await talk('x'.repeat(2 << 20))).toEqual(['closed 1009']);
  });

  it('hands the connection of an opened channel to the machine, unanswered, and only once', async () => {
    const { config } = await host.command('machine.create', { draft: { name: 'Shown', memoryMiB: 16 } });
    await host.command('machine.start', { id: config.id });
    const open = JSON.stringify({ id: 1, name: 'channel.open', payload: { id: config.id, kind: 'display' } });
    const [answer] = (await talk(open)) as [{ reply: { channel: number } }];
    const url = `ws://127.0.0.1:${port}/channel?id=${answer.reply.channel}`;
    const client = new WebSocket(url, { headers: bearer() });
    client.on('error', () => {});
    const [message, [socket]] = await starter.vm.handedOver;
    expect(message).toMatchObject({ type: 'web-socket', kind: 'display', key: expect.stringMatching(/^.{22}==$/) as string });
    expect([socket instanceof Socket, client.readyState]).toEqual([true, WebSocket.CONNECTING]);
    (socket as Socket).destroy();
    const again = new WebSocket(url, { headers: bearer() });
    expect(await new Promise((resolve) => again.on('close', resolve))).toBe(4404);
    await host.command('machine.powerOff', { id: config.id });
  }); // prettier-ignore

  it('closes a channel nobody opened', async () => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/channel?id=999`, { headers: bearer() });
    expect(await new Promise((resolve) => socket.on('close', resolve))).toBe(4404);
  });
});

describe('upload', () => {
  it('takes a file in under a harmless name and says what it is', async () => {
    const iso = 'x'.repeat(2000);
    const { status, body } = await ask('POST', '/upload?name=..%2F..%2Fdisc%3A1.iso', bearer(), iso);
    expect(status).toBe(200);
    expect(JSON.parse(body)).toMatchObject({ name: 'disc_1.iso', sizeBytes: 2000 });
    expect(await readdir(path.join(root, 'library/.host/uploads'))).toEqual(['disc_1.iso']);
  });

  it('says that there is no room', async () => {
    const answer = new Promise<Answer>((resolve, reject) => {
      const headers = { ...bearer(), 'Content-Length': String(2 ** 52) };
      const request = httpRequest({ host: '127.0.0.1', port, method: 'POST', path: '/upload?name=big', headers }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        response.on('end', () => {
          resolve({ status: response.statusCode!, headers: response.headers, body: text });
          request.destroy();
        });
      });
      request.on('error', reject);
      request.write('x');
    });
    expect(JSON.parse((await answer).body)).toMatchObject({ code: 'no-space' });
  }); // prettier-ignore
});
