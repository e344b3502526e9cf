import {
  MAX_RAM_BYTES,
  PAGE_ABSENT,
  PAGE_CODE,
  PAGE_MAP_OFFSET,
  PAGE_MAP_SIZE,
  PAGE_MASK,
  PAGE_READ,
  PAGE_SHIFT,
  PAGE_SIZE,
  PAGE_WRITE,
  RAM_OFFSET,
} from './layout.js';
import { PAGE_CLEAN, PAGE_FREE, PageStates } from './page-states.js';

const WASM_PAGE = 65536;

/** A run of bytes in the machine's memory, by host offset: what asynchronous I/O is given to fill or to send. */
export interface MemorySegment {
  readonly offset: number;
  readonly length: number;
}

/** What an engine must be told of the physical map. Set once by the machine. */
export interface MemoryObserver {
  /** Mappings changed: drop every translation that may hold the old ones. */
  mappingChanged(): void;
  /** Somebody but the vCPU wrote to a page whose decoded code is cached. */
  codeWritten(pageNumber: number): void;
  /** Of an engine that cannot ask before each write: tells the page tracker what has been written since the last call. */
  reportWrites?(): void;
}

/** Where RAM comes from that is not in memory yet. */
export interface AbsentPages {
  /** Pages of RAM that may be absent: 1 for each, by page number. */
  readonly absent: Uint8Array;
  /** Puts the content of a page of RAM in its place, or waits until another thread has. */
  bringIn(page: number): void;
}

/** RAM below this address is always there: firmware and shadow memory map it as they like. */
const ALWAYS_PRESENT_BYTES = 1 << 20;

/**
 * Guest-physical memory: RAM, ROMs and video memory in one shared WebAssembly memory, reached through the page map.
 * Addresses are guest-physical unless called host offsets. Devices see memory only through this class: an address that
 * is not RAM reads as all-ones and swallows writes, as an unclaimed PCI cycle does, whatever the guest asked for.
 */
export class GuestMemory {
  readonly wasm: WebAssembly.Memory;
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** What is known of changes to RAM. At power-on every page is clean: zero. */
  readonly pages: PageStates;
  private readonly pageMap: Uint32Array;
  private allocated: number;
  private absentPages: AbsentPages | undefined;
  private observing: MemoryObserver = { mappingChanged() {}, codeWritten() {} };

  /**
   * @param ramBytes guest RAM, a multiple of 4 KiB, at most 3 GiB
   * @param extraBytes room for ROMs, video memory and device buffers
   */
  constructor(
    readonly ramBytes: number,
    extraBytes = 64 << 20,
  ) {
    if (ramBytes <= 0 || ramBytes > MAX_RAM_BYTES || ramBytes % PAGE_SIZE !== 0) {
      throw new RangeError(`guest RAM of ${ramBytes} bytes is not a positive multiple of 4096 up to ${MAX_RAM_BYTES}`);
    }
    const pages = Math.ceil((RAM_OFFSET + ramBytes + extraBytes) / WASM_PAGE);
    this.wasm = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
    this.bytes = new Uint8Array(this.wasm.buffer);
    this.view = new DataView(this.wasm.buffer);
    this.pageMap = new Uint32Array(this.wasm.buffer, PAGE_MAP_OFFSET, PAGE_MAP_SIZE / 4);
    this.pages = new PageStates(this.wasm.buffer);
    this.pages.fill(RAM_OFFSET >>> PAGE_SHIFT, ramBytes >>> PAGE_SHIFT, PAGE_CLEAN);
    this.allocated = RAM_OFFSET + ramBytes;
  }

  /** Who is told now. */
  get observer(): MemoryObserver {
    return this.observing;
  }

  observe(observer: MemoryObserver): void {
    this.observing = observer;
  }

  /** Takes zeroed, page-aligned memory for a ROM, video memory or a device buffer; returns its host offset. Never freed. */
  allocate(bytes: number): number {
    const offset = this.allocated;
    const end = offset + Math.ceil(bytes / PAGE_SIZE) * PAGE_SIZE;
    if (end > this.bytes.length) throw new RangeError(`no room for ${bytes} bytes of device memory`);
    this.allocated = end;
    return offset;
  }

  /** Maps `bytes` of host memory at `address`. All three are page-aligned. */
  mapRam(address: number, hostOffset: number, bytes: number, options: { readonly readonly?: boolean } = {}): void {
    const flags = options.readonly ? PAGE_READ : PAGE_READ | PAGE_WRITE;
    const first = address >>> PAGE_SHIFT;
    for (let i = 0; i < bytes >>> PAGE_SHIFT; i++) {
      this.forgetCode(first + i);
      this.pageMap[first + i] = (hostOffset + i * PAGE_SIZE) | flags;
    }
    this.observing.mappingChanged();
  }

  /** Makes the range MMIO: accesses go to the MMIO bus. */
  unmap(address: number, bytes: number): void {
    const first = address >>> PAGE_SHIFT;
    for (let i = 0; i < bytes >>> PAGE_SHIFT; i++) {
      this.forgetCode(first + i);
      this.pageMap[first + i] = 0;
    }
    this.observing.mappingChanged();
  }

  /** Page map entry for an address: host page offset | PAGE_* flags; 0 for MMIO and for addresses of 4 GiB and above. */
  entry(address: number): number {
    if (address < 0 || address > 0xffff_ffff) return 0;
    const entry = this.pageMap[address >>> PAGE_SHIFT]!;
    if (!(entry & PAGE_ABSENT)) return entry;
    this.bringIn(address >>> PAGE_SHIFT);
    return this.pageMap[address >>> PAGE_SHIFT]!;
  }

  /** Host offset of a readable address, or -1. */
  hostOffset(address: number): number {
    const entry = this.entry(address);
    return entry & PAGE_READ ? ((entry & ~PAGE_MASK) >>> 0) + (address & PAGE_MASK) : -1;
  }

  read8(address: number): number {
    const at = this.hostOffset(address);
    return at < 0 ? 0xff : this.bytes[at]!;
  }

  read16(address: number): number {
    return this.read8(address) | (this.read8(address + 1) << 8);
  }

  read32(address: number): number {
    const at = this.hostOffset(address);
    if (at >= 0 && (address & PAGE_MASK) <= PAGE_SIZE - 4) return this.view.getUint32(at, true);
    return (this.read16(address) | (this.read16(address + 2) << 16)) >>> 0;
  }

  write8(address: number, value: number): void {
    const entry = this.entry(address);
    if (!(entry & PAGE_WRITE)) return;
    this.beforeWrite(address >>> PAGE_SHIFT, entry);
    this.bytes[((entry & ~PAGE_MASK) >>> 0) + (address & PAGE_MASK)] = value;
  }

  write16(address: number, value: number): void {
    this.write8(address, value & 0xff);
    this.write8(address + 1, (value >>> 8) & 0xff);
  }

  write32(address: number, value: number): void {
    this.write16(address, value & 0xffff);
    this.write16(address + 2, value >>> 16);
  }

  /** Copies out of guest memory; what is not memory reads as 0xff. */
  read(address: number, target: Uint8Array): void {
    this.forEachPage(address, target.length, (entry, at, from, length) => {
      if (entry & PAGE_READ) target.set(this.bytes.subarray(at, at + length), from);
      else target.fill(0xff, from, from + length);
    });
  }

  /** Copies into guest memory; what is not writable memory swallows the bytes. */
  write(address: number, source: Uint8Array): void {
    this.forEachPage(address, source.length, (entry, at, from, length) => {
      if (!(entry & PAGE_WRITE)) return;
      this.beforeWrite((address + from) >>> PAGE_SHIFT, entry);
      this.bytes.set(source.subarray(from, from + length), at);
    });
  }

  /**
   * The range as host segments for asynchronous I/O, neighbours merged; `undefined` if any of it is not memory of the
   * asked kind. After the I/O has written, the device must call {@link written}.
   */
  segments(address: number, length: number, access: 'read' | 'write'): MemorySegment[] | undefined {
    const needed = access === 'write' ? PAGE_WRITE : PAGE_READ;
    const result: { offset: number; length: number }[] = [];
    let ok = true;
    this.forEachPage(address, length, (entry, at, _from, run) => {
      if (!(entry & needed)) ok = false;
      else if (access === 'write') this.pages.beforeWrite(entry >>> PAGE_SHIFT);
      const last = result.at(-1);
      if (last && last.offset + last.length === at) last.length += run;
      else result.push({ offset: at, length: run });
    });
    return ok ? result : undefined;
  }

  /** Tells engines and whoever tracks changes that the range was written from outside the vCPU. */
  written(address: number, length: number): void {
    this.forEachPage(address, length, (entry, _at, from) => {
      if (entry & PAGE_WRITE) this.beforeWrite((address + from) >>> PAGE_SHIFT, entry);
    });
  }

  /** Lets the content of pages come when somebody asks for them. The vCPU must be between runs. */
  defer(pages: AbsentPages): void {
    this.absentPages = pages;
    pages.absent.forEach((absent, page) => {
      if (!absent) return;
      if (page < ALWAYS_PRESENT_BYTES >>> PAGE_SHIFT) pages.bringIn(page);
      else this.pageMap[page] = (RAM_OFFSET + page * PAGE_SIZE) | PAGE_ABSENT;
    });
    this.observing.mappingChanged();
  }

  /** Makes an absent page present, by guest-physical page number. */
  bringIn(page: number): void {
    this.absentPages?.bringIn(page);
    this.pageMap[page] = (RAM_OFFSET + page * PAGE_SIZE) | PAGE_READ | PAGE_WRITE;
  }

  /** Everything deferred has come. */
  allPresent(): void {
    this.absentPages?.absent.forEach((absent, page) => {
      if (absent && this.pageMap[page]! & PAGE_ABSENT) this.bringIn(page);
    });
    this.absentPages = undefined;
  }

  /**
   * Makes the RAM of now the state to be saved; pages that changed since they were saved last are pending from here on,
   * `whole`: all are. The vCPU must be between runs.
   * @returns the state byte of each page, and how many are pending
   */
  freeze(whole: boolean): { pageStates: Uint8Array; pendingPages: number } {
    const first = RAM_OFFSET >>> PAGE_SHIFT;
    const count = this.ramBytes >>> PAGE_SHIFT;
    this.observing.reportWrites?.();
    if (whole) this.pages.fill(first, count, PAGE_FREE);
    const pendingPages = this.pages.markPending(first, count);
    this.observing.mappingChanged();
    return { pageStates: this.pages.raw.slice(first, first + count), pendingPages };
  }

  private beforeWrite(page: number, entry: number): void {
    this.forgetCode(page);
    this.pages.beforeWrite(entry >>> PAGE_SHIFT);
  }

  private forgetCode(page: number): void {
    if (!(this.pageMap[page]! & PAGE_CODE)) return;
    this.observing.codeWritten(page);
    this.pageMap[page]! &= ~PAGE_CODE;
  }

  private forEachPage(
    address: number,
    length: number,
    visit: (entry: number, hostOffset: number, from: number, length: number) => void,
  ): void {
    for (let from = 0; from < length;) {
      const inPage = (address + from) % PAGE_SIZE;
      const run = Math.min(PAGE_SIZE - inPage, length - from);
      const entry = this.entry(address + from);
      visit(entry, ((entry & ~PAGE_MASK) >>> 0) + inPage, from, run);
      from += run;
    }
  }
}
