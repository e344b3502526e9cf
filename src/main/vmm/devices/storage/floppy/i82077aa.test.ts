import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { floppyRig } from '../../../../../testing/storage/floppy-rig.js';
import { patternBytes } from '../../../../../testing/storage/ide-rig.js';

const FLOPPY_144 = 1440 * 1024;
const expectSame = (got: Uint8Array, wanted: Uint8Array) => expect(Buffer.compare(got, wanted)).toBe(0);

function setUp(bytes = FLOPPY_144, rate = 0) {
  const rig = floppyRig();
  const content = patternBytes(bytes);
  rig.insert(content);
  rig.start(rate);
  return { rig, content };
}

/** READ or WRITE DATA from a sector to the end of track 18. */
const sectors = (code: number, c: number, h: number, r: number, eot = 18) => [
  code,
  h << 2,
  c,
  h,
  r,
  2,
  eot,
  0x1b,
  0xff,
];
const MT_READ = 0xe6;
const MT_WRITE = 0xc5;

const ram = (rig: ReturnType<typeof floppyRig>, address: number, length: number) => {
  const bytes = new Uint8Array(length);
  rig.memory.read(address, bytes);
  return bytes;
};

describe('reset and identification', () => {
  it('interrupts and reports the poll of four drives, then nothing more', () => {
    const rig = floppyRig();
    expect(rig.start()).toEqual([0xc0, 0xc1, 0xc2, 0xc3]);
    expect(rig.command(0x08)).toEqual([0x80]);
    expect(rig.line).toBe(false);
  });

  it('is an 82077AA that keeps its configuration when locked', () => {
    const { rig } = setUp();
    expect(rig.command(0x10)).toEqual([0x90]);
    rig.send(0x13, 0, 0x57, 0x10);
    expect(rig.command(0x94)).toEqual([0x10]);
    rig.controller.ports.write(4, 0x80, 1);
    for (let i = 0; i < 4; i++) rig.command(0x08);
    expect(rig.command(0x0e).slice(-3)).toEqual([0x80, 0x57, 0x10]);
    expect(rig.command(0x14)).toEqual([0]);
    rig.controller.ports.write(4, 0x80, 1);
    for (let i = 0; i < 4; i++) rig.command(0x08);
    expect(rig.command(0x0e).slice(-3)).toEqual([0, 0, 0]);
  });

  it('says "invalid" to what it does not know', () => {
    const { rig } = setUp();
    expect(rig.command(0x1f)).toEqual([0x80]);
    expect(rig.command(0xff)).toEqual([0x80]);
  });

  it('says nothing while in reset', () => {
    const { rig } = setUp();
    rig.controller.ports.write(2, 0, 1);
    expect(rig.status()).toBe(0);
    rig.controller.ports.write(5, 0x10, 1);
    rig.controller.ports.write(2, 0x1c, 1);
    expect(rig.command(0x08)).toEqual([0xc0, 0]);
  });
});

describe('seeking', () => {
  it('reports the cylinder and knows track 0', () => {
    const { rig } = setUp();
    expect(rig.seek(12)).toEqual([0x20, 12]);
    expect(rig.command(0x04, 0)[0]! & 0x10).toBe(0);
    rig.send(0x07, 0);
    expect(rig.line).toBe(true);
    expect(rig.command(0x08)).toEqual([0x20, 0]);
    expect(rig.line).toBe(false);
    expect(rig.command(0x04, 0)[0]! & 0x10).toBe(0x10);
  });

  it('finds no track 0 on a drive that is not there', () => {
    const { rig } = setUp();
    rig.send(0x07, 1);
    expect(rig.command(0x08)).toEqual([0x71, 0]);
  });
});

describe('reading and writing', () => {
  it('reads a track and, with MT, the other side, until the DMA count runs out', () => {
    const { rig, content } = setUp();
    rig.seek(3);
    rig.programDma(0x20000, 20 * 512, 'to-memory');
    expect(rig.command(...sectors(MT_READ, 3, 0, 10))).toEqual([0x04, 0, 0, 3, 1, 12, 2]);
    const lba = 3 * 36 + 9;
    expectSame(ram(rig, 0x20000, 20 * 512), content.subarray(lba * 512, (lba + 20) * 512));
    expect(rig.line).toBe(false);
    expect(rig.dma.lowPorts.read(8, 1) & 4).toBe(4);
  });

  it('interrupts when the result is there, and lets go at its first byte', () => {
    const { rig } = setUp();
    rig.programDma(0x20000, 512, 'to-memory');
    rig.send(...sectors(MT_READ, 0, 0, 1));
    expect(rig.status()).toBe(0x10);
    rig.settle();
    expect(rig.line).toBe(true);
    expect(rig.status()).toBe(0xd0);
    rig.controller.ports.read(5, 1);
    expect(rig.line).toBe(false);
  });

  it('ends at the last sector with "end of cylinder" if the DMA count has not run out', () => {
    const { rig } = setUp();
    rig.programDma(0x20000, 64 * 512, 'to-memory');
    expect(rig.command(...sectors(0x46, 0, 0, 17))).toEqual([0x40, 0x80, 0, 1, 0, 1, 2]);
  });

  it('moves on to the next cylinder in the result after the last sector of side 1', () => {
    const { rig } = setUp();
    rig.programDma(0x20000, 512, 'to-memory');
    expect(rig.command(...sectors(MT_READ, 0, 1, 18))).toEqual([0x04, 0, 0, 1, 0, 1, 2]);
  });

  it('waits for the DMA channel', () => {
    const { rig, content } = setUp();
    rig.programDma(0x20000, 512, 'to-memory');
    rig.dma.lowPorts.write(10, 6, 1);
    expect(rig.command(...sectors(MT_READ, 0, 0, 2))).toEqual([]);
    expect(rig.status()).toBe(0x10);
    rig.dma.lowPorts.write(10, 2, 1);
    expect(rig.result()).toEqual([0, 0, 0, 0, 0, 3, 2]);
    expectSame(ram(rig, 0x20000, 512), content.subarray(512, 1024));
  });

  it('writes, filling up a sector the host left unfinished', () => {
    const { rig, content } = setUp();
    rig.memory.write(0x20000, new Uint8Array(1024).fill(0xe5));
    rig.programDma(0x20000, 700, 'from-memory');
    expect(rig.command(...sectors(MT_WRITE, 0, 1, 1))).toEqual([0x04, 0, 0, 0, 1, 3, 2]);
    const at = 18 * 512;
    expect([content[at], content[at + 699], content[at + 700], content[at + 1023]]).toEqual([0xe5, 0xe5, 0, 0]);
    expect(content[at + 1024]).toBe(patternBytes(at + 1025)[at + 1024]);
  });

  it('moves bytes through the FIFO in non-DMA mode', () => {
    const { rig, content } = setUp();
    rig.send(0x03, 0xdf, 0x03);
    rig.send(...sectors(0x46, 0, 0, 18));
    rig.settle();
    expect(rig.line).toBe(true);
    const got = Uint8Array.from({ length: 512 }, () => {
      expect(rig.status()).toBe(0xf0);
      return rig.controller.ports.read(5, 1);
    });
    expectSame(got, content.subarray(17 * 512, 18 * 512));
    expect(rig.result()).toEqual([0x40, 0x80, 0, 1, 0, 1, 2]);
    rig.send(...sectors(0x45, 0, 0, 18));
    for (let i = 0; i < 512; i++) rig.send(i & 0xff);
    rig.settle();
    expect(rig.result()[0]).toBe(0x40);
    expect(content[17 * 512 + 3]).toBe(3);
  });

  it('formats a track', () => {
    const { rig, content } = setUp();
    rig.seek(1);
    rig.programDma(0x20000, 18 * 4, 'from-memory');
    expect(rig.command(0x4d, 0x04, 2, 18, 0x50, 0xf6)).toEqual([0x04, 0, 0, 1, 1, 1, 2]);
    const from = (36 + 18) * 512;
    expect(content.subarray(from, from + 18 * 512).every((b) => b === 0xf6)).toBe(true);
    expect(content[from - 1]).toBe(patternBytes(from)[from - 1]);
  });
});

describe('what goes wrong', () => {
  it.each([
    ['wrong cylinder', sectors(MT_READ, 5, 0, 1), [0x40, 0x04, 0x10, 5, 0, 1, 2]],
    ['sector not on the track', sectors(MT_READ, 0, 0, 19, 19), [0x40, 0x04, 0, 0, 0, 19, 2]],
    ['sector zero', sectors(MT_READ, 0, 0, 0), [0x40, 0x04, 0, 0, 0, 0, 2]],
    ['another sector size', [MT_READ, 0, 0, 0, 1, 3, 18, 0x1b, 0xff], [0x40, 0x04, 0, 0, 0, 1, 2]],
    ['a drive that is not there', [MT_READ, 1, 0, 0, 1, 2, 18, 0x1b, 0xff], [0x41, 0x01, 0, 0, 0, 1, 2]],
  ])('%s', (_name, command, expected) => {
    const { rig } = setUp();
    rig.programDma(0x20000, 512, 'to-memory');
    expect(rig.command(...command)).toEqual(expected);
  });

  it('reads a diskette only at the data rate of its density, which is how drivers find out', () => {
    const { rig } = setUp(720 * 1024, 0);
    expect(rig.command(0x4a, 0)[1]).toBe(0x01);
    rig.controller.inputPort.write(0, 2, 1);
    expect(rig.command(0x4a, 0)).toEqual([0, 0, 0, 0, 0, 1, 2]);
  });

  it('does not write to a protected diskette, and says that it is', () => {
    const rig = floppyRig();
    rig.insert(new Uint8Array(FLOPPY_144), { readonly: true });
    rig.start();
    rig.programDma(0x20000, 512, 'from-memory');
    expect(rig.command(...sectors(MT_WRITE, 0, 0, 1)).slice(0, 2)).toEqual([0x40, 0x02]);
    expect(rig.command(0x04, 0)[0]! & 0x40).toBe(0x40);
  });
});

describe('changing the diskette', () => {
  it('latches the change until the head steps with a diskette in', () => {
    const { rig } = setUp();
    const changed = () => rig.controller.inputPort.read(0, 1);
    expect(changed()).toBe(0x80);
    rig.seek(1);
    expect(changed()).toBe(0);
    rig.slot.eject();
    expect(changed()).toBe(0x80);
    rig.seek(0);
    expect(changed()).toBe(0x80);
    rig.insert(patternBytes(2880 * 1024));
    expect(changed()).toBe(0x80);
    rig.seek(1);
    expect(changed()).toBe(0);
    rig.controller.inputPort.write(0, 3, 1);
    rig.programDma(0x20000, 512, 'to-memory');
    expect(rig.command(...sectors(MT_READ, 1, 0, 36, 36))[0]).toBe(0);
  });

  it('finds nothing in an empty drive', () => {
    const rig = floppyRig();
    rig.start();
    expect(rig.command(0x4a, 0).slice(0, 2)).toEqual([0x40, 0x01]);
  });
});

describe('reset during a command', () => {
  it('forgets it, whatever the medium still answers', () => {
    const { rig } = setUp();
    rig.programDma(0x20000, 512, 'to-memory');
    rig.send(...sectors(MT_READ, 0, 0, 1));
    rig.start();
    rig.settle();
    expect(rig.status()).toBe(0x80);
    expect(rig.line).toBe(false);
    expect(ram(rig, 0x20000, 512).every((b) => b === 0)).toBe(true);
  });
});

describe('state', () => {
  it('goes on where it was saved: waiting for the medium, and in the result phase', () => {
    const { rig, content } = setUp();
    rig.programDma(0x20000, 512, 'to-memory');
    rig.send(...sectors(MT_READ, 0, 0, 5));
    const copy = floppyRig();
    copy.insert(content);
    copy.dma.loadState(structuredClone(rig.dma.saveState()));
    copy.controller.loadState(structuredClone(rig.controller.saveState()));
    copy.settle();
    expectSame(ram(copy, 0x20000, 512), content.subarray(4 * 512, 5 * 512));
    copy.controller.ports.read(5, 1);
    const third = floppyRig();
    third.controller.loadState(structuredClone(copy.controller.saveState()));
    expect(third.result()).toEqual([0, 0, 0, 0, 6, 2]);
  });
});

describe('against a model', () => {
  const operation = fc.record({
    write: fc.boolean(),
    cylinder: fc.nat(79),
    head: fc.nat(1),
    sector: fc.integer({ min: 1, max: 18 }),
    count: fc.integer({ min: 1, max: 36 }),
    seed: fc.nat(255),
  });

  it('stores and returns what was written', () => {
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 15 }), (operations) => {
        const { rig, content } = setUp();
        const model = content.slice();
        for (const { write, cylinder, head, sector, count, seed } of operations) {
          const lba = (cylinder * 2 + head) * 18 + sector - 1;
          const bytes = Math.min(count, (cylinder + 1) * 36 - lba) * 512;
          rig.seek(cylinder);
          rig.programDma(0x30000, bytes, write ? 'from-memory' : 'to-memory');
          const data = patternBytes(bytes).map((b) => b ^ seed);
          if (write) {
            rig.memory.write(0x30000, data);
            model.set(data, lba * 512);
          }
          const [st0, st1] = rig.command(...sectors(write ? MT_WRITE : MT_READ, cylinder, head, sector));
          expect([st0! & 0xc0, st1]).toEqual([0, 0]);
          if (!write) expectSame(ram(rig, 0x30000, bytes), model.subarray(lba * 512, lba * 512 + bytes));
        }
        expectSame(content, model);
      }),
      { numRuns: 20 },
    );
  });
});
