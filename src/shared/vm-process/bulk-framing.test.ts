import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { lengthPrefix, MessageSplitter } from './bulk-framing.js';

function framed(messages: Uint8Array[]): Uint8Array {
  return Uint8Array.from(messages.flatMap((m) => [...lengthPrefix(m.length), ...m]));
}

describe('MessageSplitter', () => {
  it('gives back the messages whatever the chunks', () => {
    const messages = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 8 });
    fc.assert(
      fc.property(messages, fc.integer({ min: 1, max: 17 }), (sent, chunk) => {
        const got: number[][] = [];
        const splitter = new MessageSplitter((m) => got.push([...m]));
        const stream = framed(sent);
        for (let at = 0; at < stream.length; at += chunk) splitter.push(stream.subarray(at, at + chunk));
        expect(got).toEqual(sent.map((m) => [...m]));
      }),
    );
  });

  it('refuses an announced length beyond the maximum before allocating it', () => {
    const splitter = new MessageSplitter(() => {}, 100);
    expect(() => splitter.push(lengthPrefix(101))).toThrow(RangeError);
  });
});
