import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AtaDriver } from '../../../../../testing/storage/ata-driver.js';
import { ideRig, patternBytes, type RigOptions } from '../../../../../testing/storage/ide-rig.js';
import type { BlockDevice, BlockRequest, BlockStatus } from '../../../block/block-device.js';
import { COMMAND as C } from './ata.js';

const READY = 0x50;
const FAILED = 0x51;

function setUp(options: RigOptions = {}) {
  const rig = ideRig(options);
  return { rig, driver: new AtaDriver(rig) };
}

const sectors = (content: Uint8Array, lba: number, count: number) => content.slice(lba * 512, (lba + count) * 512);

/** As toEqual, which takes a second for a few hundred kilobytes. */
const expectSame = (got: Uint8Array, wanted: Uint8Array) => expect(Buffer.compare(got, wanted)).toBe(0);

/** A device whose requests end with what `fail` says. */
function failing(fail: (request: BlockRequest) => BlockStatus | undefined) {
  return (device: BlockDevice): BlockDevice => ({
    info: device.info,
    submit: (request) => device.submit({ ...request, onDone: (status) => request.onDone(fail(request) ?? status) }),
  });
}

describe('probing', () => {
  it('finds a disk by its registers and signature, and no slave', () => {
    const { driver } = setUp();
    expect(driver.isPresent(0)).toBe(true);
    expect(driver.isPresent(1)).toBe(false);
    driver.softReset();
    expect(driver.signature(0)).toBe('ata');
    expect(driver.signature(1)).toBe('none');
    driver.select(1);
    expect(driver.in(7)).toBe(0);
    driver.select(0);
    expect(driver.in(7)).toBe(READY);
  });

  it('tells an ATAPI drive from a disk', () => {
    const { driver } = setUp({ master: 'cdrom', slave: 'disk' });
    driver.softReset();
    expect(driver.signature(0)).toBe('atapi');
    expect(driver.signature(1)).toBe('ata');
    driver.select(0);
    expect(driver.nonData({ command: C.identify })).toMatchObject({ status: FAILED, error: 4 });
    expect([driver.in(4), driver.in(5)]).toEqual([0x14, 0xeb]);
  });

  it('runs diagnostics on both drives and selects the master', () => {
    const { rig, driver } = setUp({ slave: 'disk' });
    driver.select(1);
    driver.out(7, C.diagnostic);
    expect(rig.line).toBe(true);
    expect(driver.result()).toEqual({ status: READY, error: 1 });
    expect(driver.in(6) & 0x10).toBe(0);
  });

  it('shows an empty cable as nothing', () => {
    const { driver } = setUp({ master: 'none' });
    expect(driver.isPresent(0)).toBe(false);
    driver.issue({ command: C.identify });
    expect(driver.in(7)).toBe(0);
  });
});

describe('IDENTIFY DEVICE', () => {
  it('describes the disk, with a valid checksum', () => {
    const { driver } = setUp({ sectors: 70_000 });
    const { result, data } = driver.pioRead({ command: C.identify }, 512);
    expect(result.status).toBe(READY);
    const words = new Uint16Array(data.buffer);
    const text = (from: number, to: number) =>
      [...words.subarray(from, to)].map((w) => String.fromCharCode(w >> 8, w & 0xff)).join('');
    expect(text(27, 47)).toBe('ANNEX HARD DISK'.padEnd(40));
    expect(text(10, 20)).toBe('SERIAL'.padEnd(20));
    expect(words[60]! | (words[61]! << 16)).toBe(70_000);
    expect(words[100]! | (words[101]! << 16)).toBe(70_000);
    expect([words[1], words[3], words[6]]).toEqual([Math.floor(70_000 / 1008), 16, 63]);
    expect(data.reduce((sum, byte) => (sum + byte) & 0xff, 0)).toBe(0);
  });

  it('reflects what SET FEATURES and SET MULTIPLE chose', () => {
    const { driver } = setUp();
    driver.nonData({ command: C.setFeatures, features: 3, count: 0x45 });
    driver.nonData({ command: C.setFeatures, features: 0x82 });
    driver.nonData({ command: C.setMultiple, count: 8 });
    const words = new Uint16Array(driver.pioRead({ command: C.identify }, 512).data.buffer);
    expect(words[88]! >> 8).toBe(1 << 5);
    expect(words[63]! >> 8).toBe(0);
    expect(words[85]! & (1 << 5)).toBe(0);
    expect(words[59]).toBe(0x0108);
    expect(driver.nonData({ command: C.setFeatures, features: 3, count: 0x99 })).toMatchObject({ status: FAILED });
    expect(driver.nonData({ command: C.setMultiple, count: 7 })).toMatchObject({ status: FAILED });
  });
});

describe('PIO', () => {
  it('interrupts once for each data block, but not after the last', () => {
    const { rig, driver } = setUp();
    const before = rig.interrupts;
    const { data } = driver.pioRead({ command: C.readSectors, lba: 5, count: 3 }, 3 * 512);
    expectSame(data, sectors(rig.contents[0]!, 5, 3));
    expect(rig.interrupts - before).toBe(3);
    expect(rig.line).toBe(false);
  });

  it('reads 256 sectors for a count of zero, through more than one buffer', () => {
    const { rig, driver } = setUp();
    const { result, data } = driver.pioRead({ command: C.readSectors, lba: 1, count: 0 }, 256 * 512);
    expect(result.status).toBe(READY);
    expectSame(data, sectors(rig.contents[0]!, 1, 256));
  });

  it('writes with the first block asked for without interrupt and one after each block', () => {
    const { rig, driver } = setUp();
    const data = patternBytes(4 * 512).map((b) => b ^ 0xff);
    const before = rig.interrupts;
    driver.issue({ command: C.writeSectors, lba: 9, count: 4 });
    expect(rig.interrupts - before).toBe(0);
    driver.pioOut(data);
    expect(rig.interrupts - before).toBe(4);
    expectSame(sectors(rig.contents[0]!, 9, 4), data);
    expect(driver.result()).toEqual({ status: READY, error: 0 });
  });

  it('moves several sectors a block with READ and WRITE MULTIPLE, the last block shorter', () => {
    const { rig, driver } = setUp();
    driver.nonData({ command: C.setMultiple, count: 16 });
    const data = patternBytes(150 * 512).map((b) => b ^ 0x55);
    expect(driver.pioWrite({ command: C.writeMultiple, lba: 3, count: 150 }, data, 16 * 512).status).toBe(READY);
    expectSame(sectors(rig.contents[0]!, 3, 150), data);
    const before = rig.interrupts;
    const read = driver.pioRead(
      { command: C.readMultipleExt, lba: 3, count: 150, extended: true },
      150 * 512,
      16 * 512,
    );
    expectSame(read.data, data);
    expect(rig.interrupts - before).toBe(10);
    driver.nonData({ command: C.setMultiple, count: 0 });
    expect(driver.nonData({ command: C.readMultiple, count: 1 })).toMatchObject({ status: FAILED, error: 4 });
  });

  it('addresses by cylinder, head and sector in the geometry the host set', () => {
    const { rig, driver } = setUp();
    driver.out(2, 17);
    driver.out(6, 0xa0 | 3);
    driver.out(7, C.initializeParameters);
    const lba = (5 * 4 + 2) * 17 + 9 - 1;
    driver.out(2, 1);
    driver.out(3, 9);
    driver.out(4, 5);
    driver.out(5, 0);
    driver.out(6, 0xa0 | 2);
    driver.out(7, C.readSectors);
    expectSame(driver.pioIn(512).data, sectors(rig.contents[0]!, lba, 1));
    driver.out(3, 18);
    driver.out(2, 1);
    driver.out(7, C.readSectors);
    driver.waitIdle();
    expect(driver.result()).toMatchObject({ status: FAILED, error: 0x10 });
  });
});

describe('DMA', () => {
  it('scatters a read over a table with odd pieces, and reports interrupt and end', () => {
    const { rig, driver } = setUp();
    const entries = [
      [0x8002, 510],
      [0x20000, 1026],
      [0x9000, 512],
    ] as const;
    const result = driver.dma({ command: C.readDma, lba: 7, count: 4 }, entries, 'read');
    expect(result).toEqual({ status: READY, error: 0, busMaster: 0x04 });
    const got = new Uint8Array(2048);
    rig.memory.read(0x8002, got.subarray(0, 510));
    rig.memory.read(0x20000, got.subarray(510, 1536));
    rig.memory.read(0x9000, got.subarray(1536));
    expectSame(got, sectors(rig.contents[0]!, 7, 4));
    expect(rig.memory.read16(0x8000)).toBe(0);
    expect(rig.memory.read16(0x8002 + 510)).toBe(0);
  });

  it('takes a count of zero for 64 KiB', () => {
    const { rig, driver } = setUp();
    const result = driver.dma({ command: C.readDmaExt, lba: 0, count: 256, extended: true }, [[0x10000, 0], [0x30000, 0]], 'read'); // prettier-ignore
    expect(result).toMatchObject({ status: READY, busMaster: 0x04 });
    const got = new Uint8Array(0x10000);
    rig.memory.read(0x30000, got);
    expectSame(got, sectors(rig.contents[0]!, 128, 128));
  });

  it('waits for the engine to be started, before or after the command', () => {
    const { rig, driver } = setUp();
    driver.prd([[0x8000, 512]]);
    driver.issue({ command: C.readDma, lba: 2, count: 1 });
    rig.settle();
    expect(driver.alternateStatus & 0x80).toBe(0x80);
    driver.busMasterWrite(0, 9);
    rig.settle();
    expect(driver.in(7)).toBe(READY);
    driver.busMasterWrite(0, 8);
    driver.busMasterWrite(0, 9);
    driver.issue({ command: C.readDma, lba: 3, count: 1 });
    rig.settle();
    expect(driver.in(7)).toBe(READY);
    expect(rig.memory.read8(0x8000)).toBe(rig.contents[0]![3 * 512]);
  });

  it('stays active when the table is longer, goes idle without interrupt when it is shorter', () => {
    const { rig, driver } = setUp();
    expect(driver.dma({ command: C.readDma, count: 1 }, [[0x8000, 1024]], 'read').busMaster).toBe(0x05);
    const short = driver.dma({ command: C.readDma, count: 2 }, [[0x8000, 512]], 'read');
    expect(short.busMaster).toBe(0);
    expect(short.status & 0x80).toBe(0x80);
    expect(rig.line).toBe(false);
    driver.softReset();
    expect(driver.in(7)).toBe(READY);
  });

  it('stops with an error on a table that names no memory', () => {
    const { driver } = setUp();
    const result = driver.dma({ command: C.readDma, count: 2 }, [[0xe000_0000, 1024]], 'read');
    expect(result).toMatchObject({ status: FAILED, error: 4, busMaster: 0x06 });
  });

  it('gathers a write from a table of the smallest pieces', () => {
    const { rig, driver } = setUp();
    const data = patternBytes(1024).map((b) => b ^ 0x3c);
    rig.memory.write(0x40000, data);
    const entries = Array.from({ length: 512 }, (_, i) => [0x40000 + i * 2, 2] as const).reverse();
    const expected = new Uint8Array(1024);
    entries.forEach(([address], i) => expected.set(data.subarray(address - 0x40000, address - 0x40000 + 2), i * 2));
    const result = driver.dma({ command: C.writeDma, lba: 1, count: 2 }, entries, 'write');
    expect(result).toMatchObject({ status: READY, busMaster: 0x04 });
    expectSame(sectors(rig.contents[0]!, 1, 2), expected);
  });

  it('marks pages it wrote, so that engines drop code cached from them', () => {
    const { rig, driver } = setUp();
    const written: number[] = [];
    const { memory } = rig;
    const original = memory.written.bind(memory);
    memory.written = (address, length) => {
      written.push(address, length);
      original(address, length);
    };
    driver.dma({ command: C.readDma, count: 1 }, [[0x8000, 512]], 'read');
    expect(written).toEqual([0x8000, 512]);
  });
});

describe('errors', () => {
  it('refuses sectors beyond the end without touching anything', () => {
    const { rig, driver } = setUp({ sectors: 100 });
    expect(driver.nonData({ command: C.readSectors, lba: 99, count: 2 })).toEqual({ status: FAILED, error: 0x10 });
    expect(driver.nonData({ command: C.writeDmaExt, lba: 2 ** 40, count: 1, extended: true })).toMatchObject({ error: 0x10 }); // prettier-ignore
    expect(rig.completions.pending).toBe(0);
  });

  it('reports the sector an unreadable run starts at', () => {
    const wrap = failing(({ op, sector }) => (op === 'read' && sector === 128 + 7 ? 'io-error' : undefined));
    const { driver } = setUp({ wrap });
    const { result, data } = driver.pioRead({ command: C.readSectors, lba: 7, count: 200 }, 200 * 512);
    expect(result).toEqual({ status: FAILED, error: 0x40 });
    expect([driver.in(3), driver.in(4), driver.in(5)]).toEqual([135, 0, 0]);
    expect(data[127 * 512]).not.toBe(0);
  });

  it('aborts writes that fail, and any to a read-only disk', () => {
    const broken = setUp({ wrap: failing(({ op }) => (op === 'write' ? 'io-error' : undefined)) });
    expect(broken.driver.pioWrite({ command: C.writeSectors, count: 1 }, new Uint8Array(512))).toMatchObject({
      error: 4,
    });
    const { driver } = setUp({ readonly: true });
    expect(driver.nonData({ command: C.writeSectors, count: 1 })).toEqual({ status: FAILED, error: 4 });
  });

  it('aborts commands it does not know, and 48-bit ones without LBA', () => {
    const { driver } = setUp();
    expect(driver.nonData({ command: C.nop })).toEqual({ status: FAILED, error: 4 });
    driver.out(6, 0xa0);
    driver.out(7, C.readSectorsExt);
    expect(driver.result()).toEqual({ status: FAILED, error: 4 });
  });
});

describe('flush and write cache', () => {
  const log = (wrapLog: string[]) => (device: BlockDevice) => ({
    info: device.info,
    submit: (request: BlockRequest) => {
      wrapLog.push(request.op);
      device.submit(request);
    },
  });

  it('flushes when told to, and after each write while the cache is off', () => {
    const ops: string[] = [];
    const { driver } = setUp({ wrap: log(ops) });
    expect(driver.nonData({ command: C.flushCacheExt }).status).toBe(READY);
    driver.pioWrite({ command: C.writeSectors, count: 1 }, new Uint8Array(512));
    expect(ops).toEqual(['flush', 'write']);
    driver.nonData({ command: C.setFeatures, features: 0x82 });
    driver.pioWrite({ command: C.writeSectors, count: 1 }, new Uint8Array(512));
    expect(ops.slice(2)).toEqual(['flush', 'write', 'flush']);
    driver.nonData({ command: C.setFeatures, features: 0x02 });
    driver.dma({ command: C.writeDmaFuaExt, count: 1, extended: true }, [[0x8000, 512]], 'write');
    expect(ops.slice(5)).toEqual(['write', 'flush']);
  });

  it('says so when a flush fails', () => {
    const { driver } = setUp({ wrap: failing(({ op }) => (op === 'flush' ? 'io-error' : undefined)) });
    expect(driver.nonData({ command: C.flushCache })).toEqual({ status: FAILED, error: 4 });
  });
});

describe('interrupts', () => {
  it('are cleared by the status but not by the alternate status register, and held back by nIEN', () => {
    const { rig, driver } = setUp();
    driver.issue({ command: C.checkPower });
    expect(rig.line).toBe(true);
    void driver.alternateStatus;
    expect(rig.line).toBe(true);
    driver.in(7);
    expect(rig.line).toBe(false);
    driver.control(0x02);
    driver.issue({ command: C.checkPower });
    expect(rig.line).toBe(false);
    driver.control(0);
    expect(rig.line).toBe(true);
  });

  it('belong to the selected drive', () => {
    const { rig, driver } = setUp({ slave: 'disk' });
    driver.issue({ command: C.checkPower });
    driver.select(1);
    expect(rig.line).toBe(false);
    driver.select(0);
    expect(rig.line).toBe(true);
  });
});

describe('resets', () => {
  it('keep the drive busy until its request has ended, whose data reach no later command', () => {
    const { rig, driver } = setUp();
    driver.issue({ command: C.readSectors, lba: 1, count: 1 });
    driver.control(0x04);
    driver.control(0x00);
    expect(driver.alternateStatus).toBe(0x80);
    driver.issue({ command: C.checkPower });
    expect(driver.alternateStatus).toBe(0x80);
    rig.settle();
    expect(driver.alternateStatus).toBe(READY);
    expect(driver.signature(0)).toBe('ata');
    expect(rig.line).toBe(false);
    expect(rig.channel.commandBlock.read(0, 2)).toBe(0);
  });

  it('bring settings back at power-on only', () => {
    const { rig, driver } = setUp();
    driver.nonData({ command: C.setMultiple, count: 2 });
    driver.softReset();
    const multiple = () => new Uint16Array(driver.pioRead({ command: C.identify }, 512).data.buffer)[59];
    expect(multiple()).toBe(0x0102);
    rig.channel.reset();
    expect(multiple()).toBe(0x0110);
  });
});

describe('other commands', () => {
  it('answers power, seek, recalibrate, native max and SMART', () => {
    const { driver } = setUp({ sectors: 5000 });
    driver.nonData({ command: C.checkPower });
    expect(driver.in(2)).toBe(0xff);
    expect(driver.nonData({ command: 0x13 }).status).toBe(READY);
    expect(driver.nonData({ command: C.seek, lba: 4999 }).status).toBe(READY);
    expect(driver.nonData({ command: C.seek, lba: 5000 })).toMatchObject({ error: 0x10 });
    driver.nonData({ command: C.readNativeMaxExt, extended: true });
    expect(driver.in(3) | (driver.in(4) << 8)).toBe(4999);
    const key = 0xc24f << 8;
    expect(driver.nonData({ command: C.smart, features: 0xda, lba: key }).status).toBe(READY);
    expect([driver.in(4), driver.in(5)]).toEqual([0x4f, 0xc2]);
    const { data } = driver.pioRead({ command: C.smart, features: 0xd0, lba: key }, 512);
    expect(data.reduce((sum, byte) => (sum + byte) & 0xff, 0)).toBe(0);
    expect(driver.nonData({ command: C.smart, features: 0xd0 })).toMatchObject({ error: 4 });
  });

  it('verifies through the medium', () => {
    const { driver } = setUp({ wrap: failing(({ sector }) => (sector > 500 ? 'io-error' : undefined)) });
    expect(driver.nonData({ command: C.readVerify, lba: 400, count: 10 }).status).toBe(READY);
    expect(driver.nonData({ command: C.readVerify, lba: 600, count: 10 })).toMatchObject({ error: 0x40 });
  });
});

describe('state', () => {
  it('goes on in the middle of a PIO write, a PIO read and a DMA transfer', () => {
    const { rig, driver } = setUp();
    const copy = () => {
      const other = ideRig();
      other.memory.bytes.set(rig.memory.bytes.subarray(192 << 20, 193 << 20), 192 << 20);
      other.contents[0]!.set(rig.contents[0]!);
      other.channel.loadState(structuredClone(rig.channel.saveState()));
      return { rig: other, driver: new AtaDriver(other) };
    };
    const data = patternBytes(1024).map((b) => b ^ 0x77);
    driver.issue({ command: C.writeSectors, lba: 4, count: 2 });
    driver.pioOut(data.subarray(0, 512));
    const writing = copy();
    writing.driver.pioOut(data.subarray(512));
    expectSame(sectors(writing.rig.contents[0]!, 4, 2), data);

    driver.softReset();
    driver.issue({ command: C.readSectors, lba: 20, count: 2 });
    const reading = copy();
    expectSame(reading.driver.pioIn(1024).data, sectors(rig.contents[0]!, 20, 2));
    rig.settle();

    driver.softReset();
    driver.prd([[0x8000, 256], [0xa000, 256]]); // prettier-ignore
    driver.busMasterWrite(0, 9);
    driver.issue({ command: C.readDma, lba: 30, count: 1 });
    const moving = copy();
    moving.rig.settle();
    expect(moving.driver.in(7)).toBe(READY);
    expect(moving.rig.memory.read8(0xa000)).toBe(rig.contents[0]![30 * 512 + 256]);
    expect(moving.driver.busMasterRead(2)).toBe(0x04);
  });
});

describe('against a model', () => {
  const operation = fc.record({
    kind: fc.constantFrom('pio', 'multiple', 'dma', 'ext'),
    write: fc.boolean(),
    lba: fc.nat(900),
    count: fc.integer({ min: 1, max: 140 }),
    seed: fc.nat(255),
  });

  it('stores and returns what was written, whatever the transport', () => {
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 12 }), (operations) => {
        const { rig, driver } = setUp({ sectors: 1200 });
        const model = rig.contents[0]!.slice();
        for (const { kind, write, lba, count, seed } of operations) {
          const bytes = count * 512;
          const data = patternBytes(bytes).map((b) => b ^ seed);
          const block = kind === 'multiple' ? 16 * 512 : 512;
          const extended = kind === 'ext';
          if (write) model.set(data, lba * 512);
          if (kind === 'dma') {
            if (write) rig.memory.write(0x100000, data);
            const entries = [];
            for (let at = 0; at < bytes; at += 3000 & ~1)
              entries.push([0x100000 + at, Math.min(3000, bytes - at)] as const);
            driver.dma({ command: write ? C.writeDma : C.readDma, lba, count }, entries, write ? 'write' : 'read');
            const got = new Uint8Array(bytes);
            rig.memory.read(0x100000, got);
            if (!write) expectSame(got, model.subarray(lba * 512, lba * 512 + bytes));
          } else if (write) {
            const command = { pio: C.writeSectors, multiple: C.writeMultiple, ext: C.writeSectorsExt }[kind];
            expect(driver.pioWrite({ command, lba, count, extended }, data, block).status).toBe(READY);
          } else {
            const command = { pio: C.readSectors, multiple: C.readMultiple, ext: C.readSectorsExt }[kind];
            const read = driver.pioRead({ command, lba, count, extended }, bytes, block);
            expectSame(read.data, model.subarray(lba * 512, lba * 512 + bytes));
          }
        }
        expectSame(rig.contents[0]!, model);
      }),
      { numRuns: 12 },
    );
  });
});

describe('TRIM', () => {
  const TABLE = 0x8000;
  const trim = (driver: AtaDriver, count = 1, features = 1) =>
    driver.dma({ command: C.dataSetManagement, count, features, extended: true }, [[TABLE, count * 512]], 'write');

  /** Writes LBA range entries to guest memory, followed by padding. */
  function putRanges(rig: ReturnType<typeof ideRig>, ranges: readonly (readonly [sector: number, count: number])[]) {
    for (let i = 0; i < 512; i += 4) rig.memory.write32(TABLE + i, 0);
    ranges.forEach(([sector, count], i) => {
      rig.memory.write32(TABLE + i * 8, sector);
      rig.memory.write32(TABLE + i * 8 + 4, Math.floor(sector / 2 ** 32) | (count << 16));
    });
  }

  it('is announced for disks that can be written', () => {
    const identify = (readonly: boolean) => {
      const { data } = setUp({ readonly }).driver.pioRead({ command: C.identify }, 512);
      return new DataView(data.buffer).getUint16(169 * 2, true);
    };
    expect(identify(false)).toBe(1);
    expect(identify(true)).toBe(0);
  });

  it('discards the ranges and no other sector', () => {
    const { rig, driver } = setUp();
    const [content] = rig.contents;
    const expected = content!.slice();
    expected.fill(0, 10 * 512, 30 * 512).fill(0, 4000 * 512, 4096 * 512);
    putRanges(rig, [
      [10, 20],
      [99, 0],
      [4000, 96],
    ]);
    expect(trim(driver)).toMatchObject({ status: READY, error: 0 });
    expectSame(content!, expected);
  });

  it('touches nothing if a range is beyond the end, or the command is not what it says', () => {
    const { rig, driver } = setUp();
    const [content] = rig.contents;
    const expected = content!.slice();
    putRanges(rig, [
      [10, 20],
      [4090, 7],
    ]);
    expect(trim(driver)).toMatchObject({ status: FAILED, error: 0x10 });
    putRanges(rig, [[2 ** 47, 1]]);
    expect(trim(driver)).toMatchObject({ status: FAILED, error: 0x10 });
    putRanges(rig, [[10, 20]]);
    expect(trim(driver, 1, 0)).toMatchObject({ status: FAILED, error: 4 });
    expect(trim(driver, 9)).toMatchObject({ status: FAILED, error: 4 });
    expectSame(content!, expected);
  });

  it('is refused by a disk that is only read, and reported when the medium cannot', () => {
    const readonly = setUp({ readonly: true });
    putRanges(readonly.rig, [[10, 20]]);
    expect(trim(readonly.driver)).toMatchObject({ status: FAILED, error: 4 });
    const broken = setUp({ wrap: failing(({ op }) => (op === 'discard' ? 'io-error' : undefined)) });
    putRanges(broken.rig, [[10, 20]]);
    expect(trim(broken.driver)).toMatchObject({ status: FAILED, error: 4 });
  });

  it('goes on after a saved state is loaded with ranges left', () => {
    const { rig, driver } = setUp();
    putRanges(rig, [
      [10, 20],
      [50, 10],
    ]);
    driver.prd([[TABLE, 512]]);
    driver.issue({ command: C.dataSetManagement, count: 1, features: 1, extended: true });
    driver.busMasterWrite(0, 1);
    const state = structuredClone(rig.channel.saveState());
    const other = setUp();
    other.rig.channel.loadState(state);
    other.rig.settle();
    expect(other.driver.result()).toEqual({ status: READY, error: 0 });
    expect(sectors(other.rig.contents[0]!, 10, 20).every((byte) => byte === 0)).toBe(true);
    expect(sectors(other.rig.contents[0]!, 50, 10).every((byte) => byte === 0)).toBe(true);
    expectSame(sectors(other.rig.contents[0]!, 30, 20), sectors(rig.contents[0]!, 30, 20));
  });
});
