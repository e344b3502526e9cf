import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FirmwareError } from '../firmware.js';
import { TableWriter } from '../tables/table-writer.js';
import { kernelKind, planKernel } from './kernel.js';
import { INFO, type LoadPlan } from './load-plan.js';

const TARGET = { ramBytes: 64 << 20, rsdp: 0xf_5000 };
const RSDP = new Uint8Array(36);
const plan = (kernel: Uint8Array, initrd?: Uint8Array, commandLine = '', ramBytes = TARGET.ramBytes): LoadPlan =>
  planKernel({ kernel, initrd, commandLine }, { ...TARGET, ramBytes }, RSDP);
const chunkAt = (p: LoadPlan, address: number): Uint8Array => p.chunks.find((c) => c.address === address)!.bytes;
const view = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** A bzImage of protocol 2.15 with one setup sector and 8 KiB of kernel that needs 4 MiB at 16 MiB. */
function bzImage(change: (header: DataView) => void = () => undefined): Uint8Array {
  const file = new Uint8Array(2 * 512 + 8192).fill(0xcc, 1024);
  const header = view(file);
  header.setUint8(0x1f1, 1);
  header.setUint16(0x1fe, 0xaa55, true);
  header.setUint8(0x201, 0x66);
  header.setUint32(0x202, 0x5372_6448, true);
  header.setUint16(0x206, 0x020f, true);
  header.setUint8(0x211, 1);
  header.setUint32(0x22c, 0x7fff_ffff, true);
  header.setUint32(0x238, 2047, true);
  header.setBigUint64(0x258, 0x100_0000n, true);
  header.setUint32(0x260, 4 << 20, true);
  change(header);
  return file;
}

interface Segment {
  readonly address: number;
  readonly bytes: Uint8Array;
  readonly memory?: number;
}

/** A 32-bit executable of loadable segments and, where given, a note segment. */
function elf(entry: number, segments: readonly Segment[], note?: Uint8Array): Uint8Array {
  const headers = segments.length + (note ? 1 : 0);
  let offset = 52 + headers * 32;
  const out = new TableWriter()
    .u8(0x7f)
    .text('ELF')
    .u8(1, 1, 1)
    .fill(9, 0)
    .u16(2, 3)
    .u32(1, entry, 52, 0, 0)
    .u16(52, 32, headers, 0, 0, 0);
  for (const { address, bytes, memory } of segments) {
    out.u32(1, offset, address, address, bytes.length, memory ?? bytes.length, 7, 4);
    offset += bytes.length;
  }
  if (note) out.u32(4, offset, 0, 0, note.length, note.length, 4, 4);
  for (const { bytes } of segments) out.raw(bytes);
  return out.raw(note ?? []).bytes();
}

const pvhNote = (entry: number): Uint8Array => new TableWriter().u32(4, 4, 18).text('Xen\0').u32(entry).bytes();
const multibootHeader = (flags: number): Uint8Array =>
  new TableWriter().u32(0x1bad_b002, flags, -(0x1bad_b002 + flags) >>> 0).bytes();

describe('kernel loaders', () => {
  it('enter Linux with its zero page', () => {
    const p = plan(bzImage(), Uint8Array.of(1, 2, 3), 'console=ttyS0');
    expect(p.registers).toEqual({ entry: 0x10_0000, esi: INFO.linuxBootParams });
    expect(chunkAt(p, 0x10_0000)).toHaveLength(8192);
    expect(new TextDecoder().decode(chunkAt(p, INFO.commandLine))).toBe('console=ttyS0\0');
    const page = view(chunkAt(p, INFO.linuxBootParams));
    expect(page.getUint32(0x202, true)).toBe(0x5372_6448);
    expect(page.getUint32(0x228, true)).toBe(INFO.commandLine);
    expect(page.getUint32(0x70, true)).toBe(TARGET.rsdp);
    const initrd = page.getUint32(0x218, true);
    expect([...chunkAt(p, initrd)]).toEqual([1, 2, 3]);
    expect(page.getUint32(0x21c, true)).toBe(3);
    expect(initrd % 4096).toBe(0);
    expect(page.getUint8(0x1e8)).toBeGreaterThan(4);
    expect(page.getUint8(0x0f)).toBe(1);
  });

  it('keep the initial RAM disk clear of the room the kernel unpacks into, and say when memory is too small', () => {
    const size = 20 << 20;
    const p = plan(bzImage(), new Uint8Array(size));
    expect(view(chunkAt(p, INFO.linuxBootParams)).getUint32(0x218, true)).toBeGreaterThanOrEqual(20 << 20);
    expect(() => plan(bzImage(), new Uint8Array(size), '', 32 << 20)).toThrow(/more memory/);
    expect(() => plan(bzImage(), undefined, '', 16 << 20)).toThrow(/MiB/);
  });

  it.each([
    ['a text file', new TextEncoder().encode('#!/bin/sh\necho hello\n'), /neither a Linux/],
    ['an empty file', new Uint8Array(0), /neither/],
    ['gzip', Uint8Array.of(0x1f, 0x8b, 8, 0), /gzip/],
    ['a zImage', bzImage((h) => h.setUint8(0x211, 0)), /zImage/],
    ['an old kernel', bzImage((h) => h.setUint16(0x206, 0x0201, true)), /2\.02/],
    ['a truncated bzImage', bzImage((h) => h.setUint8(0x1f1, 64)), /ends within/],
    ['ELF without an entry note', elf(0x10_0000, [{ address: 0x10_0000, bytes: new Uint8Array(16) }]), /neither/],
  ])('refuse %s with a reason', (_name, file, reason) => {
    expect(() => plan(file)).toThrow(reason);
    try {
      plan(file);
    } catch (error) {
      expect((error as FirmwareError).code).toBe('kernel-invalid');
    }
  });

  it('refuse a command line longer than the kernel takes', () => {
    expect(() => plan(bzImage(), undefined, 'x'.repeat(2048))).toThrow(/2047/);
  });

  it('enter PVH kernels by their note, with start info', () => {
    const kernel = elf(0, [{ address: 0x20_0000, bytes: new Uint8Array(64).fill(9), memory: 128 }], pvhNote(0x20_0010));
    expect(kernelKind(kernel)).toBe('pvh');
    const p = plan(kernel, Uint8Array.of(7), 'hello');
    expect(p.registers).toEqual({ entry: 0x20_0010, ebx: INFO.boot });
    expect(p.zeroed).toEqual([{ address: 0x20_0040, length: 64 }]);
    const info = view(chunkAt(p, INFO.boot));
    expect(info.getUint32(0, true)).toBe(0x336e_c578);
    expect(info.getUint32(12, true)).toBe(1);
    expect(info.getUint32(24, true)).toBe(INFO.commandLine);
  });

  it('enter multiboot kernels by ELF or by the addresses in the header', () => {
    const header = multibootHeader(3);
    const byElf = elf(0x10_0020, [{ address: 0x10_0000, bytes: Uint8Array.from([...header, ...new Uint8Array(64)]) }]);
    expect(kernelKind(byElf)).toBe('multiboot');
    expect(plan(byElf).registers).toEqual({ entry: 0x10_0020, eax: 0x2bad_b002, ebx: INFO.boot });
    const flat = new TableWriter()
      .raw(multibootHeader(0x1_0000))
      .u32(0x10_0000, 0x10_0000, 0x10_0080, 0x10_0100, 0x10_0040);
    const kernel = flat.fill(128 - flat.length, 0x90).bytes();
    const p = plan(kernel);
    expect(p.registers.entry).toBe(0x10_0040);
    expect(chunkAt(p, 0x10_0000)).toHaveLength(128);
    expect(p.zeroed[0]).toEqual({ address: 0x10_0080, length: 128 });
    expect(() => plan(new TableWriter().raw(multibootHeader(0x20)).fill(64, 0).bytes())).toThrow(/features/);
  });

  it('enter multiboot2 kernels', () => {
    const tags = new TableWriter().u16(3, 0).u32(12, 0x10_0044).u32(0).u16(0, 0).u32(8).bytes();
    const length = 16 + tags.length;
    const header = new TableWriter()
      .u32(0xe852_50d6, 0, length, -(0xe852_50d6 + length) >>> 0)
      .raw(tags)
      .bytes();
    // Program headers end at 84; the image starts 8-aligned behind a pad.
    const image = Uint8Array.from([0, 0, 0, 0, ...header, ...new Uint8Array(64)]);
    const kernel = elf(0x10_0000, [{ address: 0x10_0000, bytes: image }]);
    expect(kernelKind(kernel)).toBe('multiboot2');
    const p = plan(kernel, Uint8Array.of(1, 2));
    expect(p.registers).toEqual({ entry: 0x10_0044, eax: 0x36d7_6289, ebx: INFO.boot });
    const info = chunkAt(p, INFO.boot);
    expect(view(info).getUint32(0, true)).toBe(info.length);
  });

  it('refuse segments outside the memory a kernel may use', () => {
    const at = (address: number, memory?: number): Uint8Array =>
      elf(0, [{ address, bytes: new Uint8Array(16), ...(memory === undefined ? {} : { memory }) }], pvhNote(0x10_0000));
    expect(() => plan(at(0x8000))).toThrow(/below 1 MiB/);
    expect(() => plan(at(0xffff_f000))).toThrow(/memory/);
    expect(() => plan(at(0x10_0000, 0xf000_0000))).toThrow(/memory/);
  });

  it('survive damaged files of every kind: a plan inside memory or a clear refusal, never another error', () => {
    const seeds = [
      bzImage(),
      elf(0x10_0000, [{ address: 0x10_0000, bytes: new Uint8Array(64) }], pvhNote(0x10_0000)),
      elf(0x10_0000, [{ address: 0x10_0000, bytes: Uint8Array.from([...multibootHeader(3), ...new Uint8Array(64)]) }]),
      new TableWriter().raw(multibootHeader(0x1_0000)).u32(0x10_0000, 0x10_0000, 0, 0, 0x10_0000).fill(64, 0).bytes(),
    ];
    const damage = fc.array(fc.tuple(fc.nat(1023), fc.nat(255)), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(
        fc.constantFrom(...seeds),
        damage,
        fc.double({ min: 0.1, max: 1, noNaN: true }),
        (seed, changes, keep) => {
          const file = seed.slice(0, Math.ceil(seed.length * keep));
          for (const [at, value] of changes) if (at < file.length) file[at] = value;
          try {
            const p = plan(file);
            for (const { address, bytes } of p.chunks) {
              expect(address).toBeGreaterThanOrEqual(0x1_0000);
              expect(address + bytes.length).toBeLessThanOrEqual(TARGET.ramBytes);
            }
            for (const { address, length } of p.zeroed) {
              expect(length).toBeGreaterThanOrEqual(0);
              expect(address + length).toBeLessThanOrEqual(TARGET.ramBytes);
            }
          } catch (error) {
            if (!(error instanceof FirmwareError)) throw error;
          }
        },
      ),
      { numRuns: 400 },
    );
  });
});
