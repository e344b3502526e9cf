import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openNodeFile } from './node-file.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'annex-file-'));
});
afterEach(() => rm(folder, { recursive: true }));

describe('openNodeFile', () => {
  it('reads into and writes from views of shared WebAssembly memory, scattered over more pieces than one call takes', async () => {
    const memory = new Uint8Array(new WebAssembly.Memory({ initial: 4, maximum: 4, shared: true }).buffer);
    const name = path.join(folder, 'disk');
    await writeFile(name, Buffer.alloc(3000, 'abc'));
    const file = await openNodeFile(name, { readonly: false });
    const pieces = Array.from({ length: 2500 }, (_, i) => memory.subarray(i * 7, i * 7 + 1));
    expect(await file.readv(250, pieces)).toBe(2500);
    expect(String.fromCharCode(memory[0]!, memory[7]!, memory[14]!, memory[1]!)).toBe('bca\0');
    expect(await file.readv(2990, pieces)).toBe(10);

    memory.fill(0x7a);
    await file.writev(5000, pieces);
    expect(await file.size()).toBe(7500);
    await file.sync();
    await file.truncate(6000);
    await file.close();
    const content = await readFile(name);
    expect(content).toHaveLength(6000);
    expect([content[2999], content[3000], content[4999], content[5000]]).toEqual([0x63, 0, 0, 0x7a]);
  });

  it('reads, writes, grows and syncs under the permission model that VM processes run with', async () => {
    const script = path.join(folder, 'probe.cjs');
    const name = path.join(folder, 'disk');
    await writeFile(name, 'x');
    // The calls NodeFile makes, in a process started as the supervisor starts one.
    await writeFile(
      script,
      `const { open } = require('node:fs/promises'); const fs = require('node:fs');
       open(${JSON.stringify(name)}, 'r+').then(async (handle) => {
         await handle.stat(); await handle.truncate(8); await handle.datasync();
         await require('node:fs/promises').statfs(${JSON.stringify(name)});
         fs.writevSync(handle.fd, [Buffer.from('ab')], 0); fs.readvSync(handle.fd, [Buffer.alloc(2)], 0);
         fs.writev(handle.fd, [Buffer.from('ab')], 0, (error) => { if (error) throw error; });
         fs.readv(handle.fd, [Buffer.alloc(2)], 0, (error) => { if (error) throw error; console.log('fine'); });
       });`,
    );
    const node24 = Number(process.versions.node.split('.')[0]) >= 24;
    const flags = node24 ? ['--permission', '--allow-fs-read=*', '--allow-fs-write=*'] : [];
    const { stdout } = await promisify(execFile)(process.execPath, [...flags, script]);
    expect(stdout.trim()).toBe('fine');
  });

  it('says what is wrong with a file it cannot open or write', async () => {
    await expect(openNodeFile(path.join(folder, 'none'), { readonly: true })).rejects.toMatchObject({
      code: 'not-found',
    });
    const name = path.join(folder, 'disk');
    await writeFile(name, 'x');
    const file = await openNodeFile(name, { readonly: true });
    await expect(file.write(0, Uint8Array.of(1))).rejects.toMatchObject({ name: 'FileError' });
    await file.close();
    await expect(file.size()).rejects.toMatchObject({ code: 'io-error' });
  });
});
