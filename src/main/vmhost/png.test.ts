import { inflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { encodePng } from './png.js';

/** Chunk type → data, in file order. */
function chunks(file: Buffer): [string, Buffer][] {
  const result: [string, Buffer][] = [];
  for (let at = 8; at < file.length;) {
    const length = file.readUInt32BE(at);
    result.push([file.toString('latin1', at + 4, at + 8), file.subarray(at + 8, at + 8 + length)]);
    at += 12 + length;
  }
  return result;
}

describe('a PNG of a frame', () => {
  const pixels = Uint32Array.of(0xff0000ff, 0xff00ff00, 0xffff0000, 0xff030201, 0xff000000, 0xffffffff);
  const frame = { width: 3, height: 2, pixels };

  it('has the three chunks a decoder needs', async () => {
    const parts = chunks(Buffer.from(await encodePng(frame)));
    expect(parts.map(([type]) => type)).toEqual(['IHDR', 'IDAT', 'IEND']);
    const header = parts[0]![1];
    expect([header.readUInt32BE(0), header.readUInt32BE(4), header[8], header[9]]).toEqual([3, 2, 8, 2]);
  });

  it('holds the pixels', async () => {
    const data = inflateSync(chunks(Buffer.from(await encodePng(frame)))[1]![1]);
    const first = [...data.subarray(1, 10)];
    const second = [...data.subarray(11, 20)].map((value, i) => (value + first[i]!) & 0xff);
    expect(first).toEqual([0xff, 0, 0, 0, 0xff, 0, 0, 0, 0xff]);
    expect(second).toEqual([1, 2, 3, 0, 0, 0, 0xff, 0xff, 0xff]);
  });
});
