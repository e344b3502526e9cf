import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AtapiDriver } from '../../../../../testing/storage/atapi-driver.js';
import { ideRig, patternBytes } from '../../../../../testing/storage/ide-rig.js';

const expectSame = (got: Uint8Array, wanted: Uint8Array): void => {
  expect(Buffer.compare(got, wanted)).toBe(0);
};
const TEST_UNIT_READY = [0x00];
const READY = 0x50;

function setUp(blocks = 400) {
  const log: string[] = [];
  const slotEvents = {
    ejected: () => log.push('ejected'),
    lockChanged: (locked: boolean) => log.push(locked ? 'locked' : 'unlocked'),
  };
  const rig = ideRig({ master: 'cdrom', slotEvents });
  const content = patternBytes(blocks * 2048);
  const insert = () => rig.slot.insert(rig.medium(content));
  const driver = new AtapiDriver(rig);
  return { rig, driver, content, insert, log };
}

/** With a medium whose arrival the guest has already noticed. */
function withMedium(blocks?: number) {
  const all = setUp(blocks);
  all.insert();
  all.driver.packet(TEST_UNIT_READY);
  return all;
}

const read10 = (block: number, count: number) => [0x28, 0, block >>> 24, block >>> 16, block >>> 8, block, 0, count >> 8, count, 0].map((b) => b & 0xff); // prettier-ignore

describe('identification', () => {
  it('answers IDENTIFY PACKET DEVICE and refuses IDENTIFY DEVICE with its signature', () => {
    const { driver } = setUp();
    const { data } = driver.pioRead({ command: 0xa1 }, 512);
    expect(new Uint16Array(data.buffer)[0]).toBe(0x85c0);
    expect(driver.nonData({ command: 0xec }).error).toBe(4);
    expect([driver.in(4), driver.in(5)]).toEqual([0x14, 0xeb]);
  });

  it('says in INQUIRY what it is', () => {
    const { driver } = setUp();
    const { data } = driver.packet([0x12, 0, 0, 0, 36]);
    expect([...data.subarray(0, 5)]).toEqual([0x05, 0x80, 0, 0x21, 31]);
    expect(Buffer.from(data.subarray(8)).toString()).toBe('ANNEX   CD/DVD-ROM      1.0 ');
    expect(driver.packet([0x12, 0, 0, 0, 5]).data).toHaveLength(5);
  });

  it('comes back from DEVICE RESET and SRST with its signature', () => {
    const { driver } = withMedium();
    driver.out(7, 0x08);
    expect(driver.signature(0)).toBe('atapi');
    driver.softReset();
    expect(driver.signature(0)).toBe('atapi');
    expect(driver.packet(TEST_UNIT_READY).senseKey).toBe(0);
  });
});

describe('media', () => {
  it('says that there is none, then that one came, then works', () => {
    const { driver, insert } = setUp();
    expect(driver.packet(TEST_UNIT_READY).senseKey).toBe(2);
    expect(driver.sense()).toEqual([2, 0x3a, 1]);
    expect(driver.sense()).toEqual([0, 0, 0]);
    insert();
    expect(driver.packet(TEST_UNIT_READY).senseKey).toBe(6);
    expect(driver.sense()).toEqual([6, 0x28, 0]);
    expect(driver.packet(TEST_UNIT_READY).senseKey).toBe(0);
  });

  it('answers INQUIRY before a pending change is reported', () => {
    const { driver, insert } = setUp();
    insert();
    expect(driver.packet([0x12, 0, 0, 0, 36]).senseKey).toBe(0);
    expect(driver.packet(read10(0, 1)).senseKey).toBe(6);
    expect(driver.packet(read10(0, 1)).senseKey).toBe(0);
  });

  it('reports arrival and removal as events, as udev polls for them', () => {
    const { rig, driver, insert } = setUp();
    const event = () => [...driver.packet([0x4a, 1, 0, 0, 0x10, 0, 0, 0, 8]).data];
    expect(event()).toEqual([0, 6, 4, 0x10, 0, 0, 0, 0]);
    insert();
    expect(event()).toEqual([0, 6, 4, 0x10, 2, 2, 0, 0]);
    expect(event()).toEqual([0, 6, 4, 0x10, 0, 2, 0, 0]);
    rig.slot.eject();
    expect(event()).toEqual([0, 6, 4, 0x10, 3, 1, 0, 0]);
    expect(driver.packet(TEST_UNIT_READY).senseKey).toBe(2);
    expect(driver.sense()).toEqual([2, 0x3a, 2]);
  });

  it('lets a guest that holds the tray know that somebody wants the medium', () => {
    const { rig, driver, log } = withMedium();
    driver.packet([0x4a, 1, 0, 0, 0x10, 0, 0, 0, 8]);
    driver.packet([0x1e, 0, 0, 0, 1]);
    expect(rig.slot.eject()).toBe(false);
    expect(driver.packet([0x4a, 1, 0, 0, 0x10, 0, 0, 0, 8]).data[4]).toBe(1);
    expect(driver.packet([0x1b, 0, 0, 0, 2]).senseKey).toBe(5);
    driver.packet([0x1e, 0, 0, 0, 0]);
    expect(driver.packet([0x1b, 0, 0, 0, 2]).senseKey).toBe(0);
    expect(log).toEqual(['locked', 'unlocked', 'ejected']);
    expect(rig.slot.medium).toBeUndefined();
  });

  it('lets go of the tray at power-on, not at a soft reset', () => {
    const { rig, driver } = withMedium();
    driver.packet([0x1e, 0, 0, 0, 1]);
    driver.softReset();
    expect(rig.slot.locked).toBe(true);
    rig.channel.reset();
    expect(rig.slot.locked).toBe(false);
  });

  it('fails a read whose medium is pulled out, and keeps going', () => {
    const { rig, driver, insert } = withMedium();
    rig.slot.eject(true);
    expect(driver.packet(read10(0, 1)).senseKey).toBe(2);
    insert();
    driver.packet(TEST_UNIT_READY);
    expect(driver.packet(read10(0, 1)).data).toHaveLength(2048);
  });
});

describe('reading', () => {
  it('sends data in blocks of at most the byte count, whole sectors where they fit', () => {
    const { driver, content } = withMedium();
    const { data, blocks } = driver.packet(read10(3, 40));
    expectSame(data, content.subarray(3 * 2048, 43 * 2048));
    expect(blocks.every((n) => n % 2048 === 0)).toBe(true);
    expect(driver.packet(read10(3, 2), { byteCount: 2048 }).blocks).toEqual([2048, 2048]);
    const odd = driver.packet(read10(7, 1), { byteCount: 601 });
    expect(odd.blocks).toEqual([600, 600, 600, 248]);
    expectSame(odd.data, content.subarray(7 * 2048, 8 * 2048));
  });

  it('interrupts for each block and for the status', () => {
    const { rig, driver } = withMedium();
    const before = rig.interrupts;
    driver.packet(read10(0, 3), { byteCount: 2048 });
    expect(rig.interrupts - before).toBe(4);
  });

  it('sends sectors and its own answers by DMA', () => {
    const { rig, driver, content } = withMedium();
    const result = driver.packetDma(read10(9, 4), [[0x8000, 4096], [0x20000, 4096]]); // prettier-ignore
    expect(result.senseKey).toBe(0);
    const got = new Uint8Array(4096);
    rig.memory.read(0x20000, got);
    expectSame(got, content.subarray(11 * 2048, 13 * 2048));
    expect(driver.busMasterRead(2) & 0x07).toBe(0x04);
    driver.packetDma([0x25], [[0x9000, 8]]);
    expect(rig.memory.read32(0x9000)).toBe(0x8f01_0000);
  });

  it('gives the capacity and refuses what lies beyond', () => {
    const { driver } = withMedium(400);
    expect([...driver.packet([0x25]).data]).toEqual([0, 0, 1, 0x8f, 0, 0, 8, 0]);
    expect(driver.packet(read10(399, 2)).senseKey).toBe(5);
    expect(driver.sense()).toEqual([5, 0x21, 0]);
    expect(driver.packet(read10(0xffff_ffff, 1)).senseKey).toBe(5);
    expect(driver.packet([0xa8, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]).senseKey).toBe(5);
  });

  it('takes a transfer of no length as done', () => {
    const { driver } = withMedium();
    expect(driver.packet(read10(0, 0))).toMatchObject({ senseKey: 0, blocks: [] });
  });

  it('reads user data with READ CD and READ CD MSF, and refuses raw sectors it has not', () => {
    const { driver, content } = withMedium();
    const readCd = (fields: number) => [0xbe, 0, 0, 0, 0, 5, 0, 0, 1, fields, 0, 0];
    expectSame(driver.packet(readCd(0x10)).data, content.subarray(5 * 2048, 6 * 2048));
    expect(driver.packet(readCd(0xf8)).senseKey).toBe(5);
    expectSame(driver.packet([0xb9, 0, 0, 0, 2, 5, 0, 2, 6, 0x10]).data, content.subarray(5 * 2048, 6 * 2048));
  });
});

describe('tables', () => {
  it('has one data track and a lead-out, in blocks or minutes', () => {
    const { driver } = withMedium(400);
    const toc = (msf: number, format: number, track = 0) => [
      ...driver.packet([0x43, msf, format, 0, 0, 0, track, 1, 0]).data,
    ];
    expect(toc(0, 0)).toEqual([0, 18, 1, 1, 0, 0x14, 1, 0, 0, 0, 0, 0, 0, 0x14, 0xaa, 0, 0, 0, 1, 0x90]);
    expect(toc(2, 0, 0xaa)).toEqual([0, 10, 1, 1, 0, 0x14, 0xaa, 0, 0, 0, 7, 25]);
    expect(toc(0, 1)).toEqual([0, 10, 1, 1, 0, 0x14, 1, 0, 0, 0, 0, 0]);
    expect(toc(0, 2)).toHaveLength(2 + 2 + 4 * 11);
    expect(driver.packet([0x43, 0, 0, 0, 0, 0, 2, 1, 0]).senseKey).toBe(5);
  });

  it('names its profile by the size of the medium', () => {
    const profile = (driver: AtapiDriver) => {
      const { data } = driver.packet([0x46, 0, 0, 0, 0, 0, 0, 1, 0]);
      return (data[6]! << 8) | data[7]!;
    };
    expect(profile(setUp().driver)).toBe(0);
    expect(profile(withMedium().driver)).toBe(8);
  });

  it.each([
    ['MODE SENSE(10) of all pages', [0x5a, 0, 0x3f, 0, 0, 0, 0, 1, 0], (d: Uint8Array) => (d[0]! << 8) + d[1]! + 2],
    ['MODE SENSE(6) of page 2A', [0x1a, 0, 0x2a, 0, 0xff], (d: Uint8Array) => d[0]! + 1],
    ['GET CONFIGURATION', [0x46, 0, 0, 0, 0, 0, 0, 2, 0], (d: Uint8Array) => (d[2]! << 8) + d[3]! + 4],
    ['READ DISC INFORMATION', [0x51, 0, 0, 0, 0, 0, 0, 1, 0], (d: Uint8Array) => (d[0]! << 8) + d[1]! + 2],
    ['READ TRACK INFORMATION', [0x52, 1, 0, 0, 0, 1, 0, 1, 0], (d: Uint8Array) => (d[0]! << 8) + d[1]! + 2],
    ['READ SUB-CHANNEL', [0x42, 0, 0x40, 1, 0, 0, 0, 1, 0], (d: Uint8Array) => (d[2]! << 8) + d[3]! + 4],
  ])('%s is as long as it says', (_name, cdb, length) => {
    const { data, senseKey } = withMedium().driver.packet(cdb);
    expect(senseKey).toBe(0);
    expect(data).toHaveLength(length(data));
  });

  it('refuses saved mode pages, pages and commands it has not', () => {
    const { driver } = withMedium();
    expect(driver.packet([0x5a, 0, 0xff, 0, 0, 0, 0, 1, 0]).senseKey).toBe(5);
    expect(driver.sense()).toEqual([5, 0x39, 0]);
    expect(driver.packet([0x5a, 0, 0x2f, 0, 0, 0, 0, 1, 0]).senseKey).toBe(5);
    expect(driver.packet([0xf3]).senseKey).toBe(5);
    expect(driver.sense()).toEqual([5, 0x20, 0]);
  });
});

describe('state', () => {
  it('goes on in the middle of a read and keeps what was pending', () => {
    const { rig, driver, content, insert } = setUp();
    insert();
    const copyOf = (state: ReturnType<typeof rig.channel.saveState>) => {
      const other = ideRig({ master: 'cdrom' });
      other.slot.insert(other.medium(content));
      other.channel.loadState(structuredClone(state));
      return { other, copy: new AtapiDriver(other) };
    };
    expect(copyOf(rig.channel.saveState()).copy.packet(TEST_UNIT_READY).senseKey).toBe(6);
    driver.packet(TEST_UNIT_READY);
    driver.out(4, 0);
    driver.out(5, 8);
    driver.out(7, 0xa0);
    for (const word of [0x28, 0, 0x0700, 0, 1, 0]) driver.writeDataWord(word === 0x0700 ? 0 : word);
    const { copy } = copyOf(rig.channel.saveState());
    expectSame(copy.pioIn(2048, 2048).data, content.subarray(0, 2048));
    expect(copy.in(7)).toBe(READY);
  });
});

describe('against a model', () => {
  it('reads what the medium holds, by PIO and DMA', () => {
    const { rig, driver, content } = withMedium(300);
    const operation = fc.record({ dma: fc.boolean(), block: fc.nat(260), count: fc.integer({ min: 1, max: 40 }), limit: fc.integer({ min: 2, max: 0xffff }) }); // prettier-ignore
    fc.assert(
      fc.property(operation, ({ dma, block, count, limit }) => {
        const wanted = content.subarray(block * 2048, (block + count) * 2048);
        if (!dma) return expectSame(driver.packet(read10(block, count), { byteCount: limit }).data, wanted);
        driver.packetDma(read10(block, count), [[0x100000, 0x8000], [0x200000, 0], [0x300000, 0]]); // prettier-ignore
        const got = new Uint8Array(wanted.length);
        rig.memory.read(0x100000, got.subarray(0, 0x8000));
        if (got.length > 0x8000) rig.memory.read(0x200000, got.subarray(0x8000));
        expectSame(got, wanted);
      }),
      { numRuns: 60 },
    );
  });
});
