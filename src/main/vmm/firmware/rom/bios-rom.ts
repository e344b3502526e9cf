import { Assembler } from './assembler.js';
import { assembleKernelEntry } from './kernel-entry.js';

/** Clears IRQ 13. */
const COPROCESSOR_ERROR_PORT = 0xf0;

export const CODE_SEGMENT = 0xf000;
/** Linear address of the ROM: the top 64 KiB below 1 MiB, where guests look for code and tables alike. */
export const ROM_BASE = CODE_SEGMENT << 4;
export const ROM_BYTES = 0x1_0000;

/** Port whose write from ROM code means "run the service that belongs to this place". Unused on a PC (PIIX3 stops at B3h). */
export const TRAP_PORT = 0xba;

/** Handlers in TypeScript the ROM can call; each has one stub. */
export type ServiceName =
  | 'post' | 'boot' | 'noBoot' | 'video' | 'equipment' | 'memorySize' | 'disk' | 'serial' | 'system' | 'keyboard' | 'printer'
  | 'time' | 'tick' | 'scanCode' | 'pauseKey' | 'realTimeClock' | 'mouse' | 'floppyInterrupt' | 'unexpectedInterrupt' | 'printScreen'
  | 'bios32' | 'pciBios32'; // prettier-ignore

/** One OUT in the ROM. */
export interface TrapSite {
  readonly service: ServiceName;
  /** The guest comes back to a service that asked it to wait. */
  readonly resumed: boolean;
  /** Linear addresses to continue at: after HLT, or at once; 0 where the service may not wait. */
  readonly waitAt: number;
  readonly retryAt: number;
  /** How the stub returns, which decides where the caller's flags are. */
  readonly returns: 'iret' | 'directly';
}

export interface BiosRom {
  /** {@link ROM_BYTES} bytes, to be mapped at {@link ROM_BASE}. */
  readonly image: Uint8Array;
  /** By linear address of the instruction after the OUT. */
  readonly traps: ReadonlyMap<number, TrapSite>;
  /** Linear address of a label. */
  address(label: string): number;
  /** Room for tables guests search the ROM for, as linear addresses. */
  readonly tables: { readonly start: number; readonly end: number };
}

class RomBuilder {
  readonly image = new Uint8Array(ROM_BYTES).fill(0xff);
  readonly traps = new Map<number, TrapSite>();
  readonly asm = new Assembler(this.image, ROM_BASE);

  linear(offset: number): number {
    return ROM_BASE + offset;
  }

  /** A single OUT whose service ends at once. */
  trap(service: ServiceName, returns: TrapSite['returns'] = 'directly'): this {
    this.asm.outByte(TRAP_PORT);
    this.traps.set(this.linear(this.asm.here), { service, resumed: false, waitAt: 0, retryAt: 0, returns });
    return this;
  }

  /**
   * A service that may wait: the first OUT starts it; it comes back through the second one after an interrupt
   * (`waitAt`) or as soon as the machine has something new (`retryAt`), with interrupts enabled meanwhile.
   */
  waitingTrap(service: ServiceName, returns: TrapSite['returns'], end: () => void): this {
    const { asm } = this;
    asm.outByte(TRAP_PORT);
    const started = asm.here;
    end();
    const waitAt = asm.here;
    asm.enableInterrupts().halt().jump(`${service}Resume`);
    const retryAt = asm.here;
    asm.enableInterrupts().nop();
    asm.label(`${service}Resume`).outByte(TRAP_PORT);
    const resumedAt = asm.here;
    end();
    const site = { service, waitAt: this.linear(waitAt), retryAt: this.linear(retryAt), returns };
    this.traps.set(this.linear(started), { ...site, resumed: false });
    this.traps.set(this.linear(resumedAt), { ...site, resumed: true });
    return this;
  }

  /** An interrupt service: traps, then IRET with the flags the handler left on the stack. */
  service(label: string, service: ServiceName): this {
    this.asm.label(label);
    return this.waitingTrap(service, 'iret', () => this.asm.interruptReturn());
  }
}

/** End-of-interrupt to the master 8259A. */
function endOfInterrupt(asm: Assembler): Assembler {
  return asm.moveByte('al', 0x20).outByte(0x20);
}

/** INT 08h and 09h hand on to software interrupts that programs hook, so their order is part of the interface. */
function assembleHardwareInterrupts(rom: RomBuilder): void {
  const { asm } = rom;
  asm.label('int08');
  rom.trap('tick');
  asm.interrupt(0x1c).push('ax');
  endOfInterrupt(asm).pop('ax').interruptReturn();

  asm.label('int09').push('ax').inByte(0x60).moveByte('ah', 0x4f).setCarry().interrupt(0x15).jumpIf('nc', 'int09Done');
  rom.trap('scanCode');
  asm.label('int09Done');
  endOfInterrupt(asm).pop('ax').interruptReturn();
  asm.label('breakKey');
  endOfInterrupt(asm).interrupt(0x1b).pop('ax').interruptReturn();
  asm.label('printScreenKey');
  endOfInterrupt(asm).interrupt(0x05).pop('ax').interruptReturn();
  asm.label('pauseKey');
  endOfInterrupt(asm);
  rom.waitingTrap('pauseKey', 'directly', () => asm.pop('ax').interruptReturn());

  asm.label('int70').push('ax');
  rom.trap('realTimeClock');
  asm.label('int70Done').moveByte('al', 0x20).outByte(0xa0).outByte(0x20).pop('ax').interruptReturn();
  asm.label('alarm').interrupt(0x4a).jump('int70Done');

  assembleMouseInterrupt(rom);
  assembleCoprocessorInterrupt(rom);

  asm.label('int0e');
  rom.trap('floppyInterrupt');
  asm.interruptReturn();
  asm.label('unexpected');
  rom.trap('unexpectedInterrupt');
  asm.interruptReturn();
}

/** IRQ 13: an x87 error. Programs for the first PCs, whose coprocessor was on NMI, hook INT 02h. */
function assembleCoprocessorInterrupt({ asm }: RomBuilder): void {
  asm.label('int75').push('ax').moveByte('al', 0).outByte(COPROCESSOR_ERROR_PORT);
  asm.moveByte('al', 0x20).outByte(0xa0).outByte(0x20).pop('ax').interrupt(0x02).interruptReturn();
}

/** IRQ 12. A complete packet goes to the program's far routine as four words: status, x, y, z (INT 15h AX=C207h). */
function assembleMouseInterrupt(rom: RomBuilder): void {
  const { asm } = rom;
  asm.label('int74').pushAll().push('ds').push('es').clearDirection();
  rom.trap('mouse');
  asm
    .label('int74Done')
    .moveByte('al', 0x20)
    .outByte(0xa0)
    .outByte(0x20)
    .pop('es')
    .pop('ds')
    .popAll()
    .interruptReturn();
  // The handler leaves the packet in AX, BX, CX and the EBDA segment in DS; 22h is the routine's address there.
  asm.label('mouseCall').push('ax').push('bx').push('cx').clear('ax').push('ax');
  asm.db(0xff, 0x1e).dw(0x22); // call far [0022h]
  asm.db(0x83, 0xc4, 0x08).jump('int74Done'); // add sp, 8
}

function assembleSoftwareInterrupts(rom: RomBuilder): void {
  rom
    .service('int05', 'printScreen')
    .service('int10', 'video')
    .service('int11', 'equipment')
    .service('int12', 'memorySize')
    .service('int13', 'disk')
    .service('int14', 'serial')
    .service('int15', 'system')
    .service('int16', 'keyboard')
    .service('int17', 'printer')
    .service('int1a', 'time');
}

/** Power-on and INT 19h. The stack lies below the boot sector; both jump where their service pushed a far pointer to. */
function assembleStart(rom: RomBuilder): void {
  const { asm } = rom;
  const ownStack = (): Assembler =>
    asm
      .disableInterrupts()
      .clearDirection()
      .clear('ax')
      .moveSegment('ss', 'ax')
      .moveWord('sp', 0x7c00)
      .moveSegment('ds', 'ax')
      .moveSegment('es', 'ax');
  asm.label('post');
  ownStack();
  rom.waitingTrap('post', 'directly', () => asm.interrupt(0x19));
  asm.label('int19');
  ownStack();
  rom.waitingTrap('boot', 'directly', () => asm.farReturn());
  asm.label('int18');
  ownStack();
  rom.waitingTrap('noBoot', 'directly', () => asm.farReturn());
}

/** Entries for 32-bit callers, found through the "_32_" directory (BIOS32 Service Directory, 1993). */
function assembleBios32(rom: RomBuilder): void {
  const { asm } = rom;
  asm.align(16).label('bios32Directory').text('_32_').ddLabel('bios32Entry').db(0, 1, 0, 0, 0, 0, 0, 0);
  asm.label('bios32Entry');
  rom.trap('bios32');
  asm.farReturn();
  asm.label('pciBios32Entry');
  rom.trap('pciBios32');
  asm.farReturn();
}

/** Lowest of the places below. */
const FIXED_PLACES = 0xefc0;

/** Places programs know by address: the fonts, the diskette parameters, a bare IRET, and the reset vector with date and model. */
function assembleFixedPlaces(asm: Assembler, data: RomData): void {
  // Sectors of 512 bytes, 18 a track, gap 1Bh, head settle 15 ms, motor start 1 s.
  asm.org(0xefc7).label('disketteParameters').db(0xaf, 0x02, 0x25, 0x02, 0x12, 0x1b, 0xff, 0x6c, 0xf6, 0x0f, 0x08);
  asm.org(0xfa6e).data(data.rows8.subarray(0, 1024));
  asm.org(0xff53).label('emptyInterrupt').interruptReturn();
  asm.org(0xfff0).jumpFar(CODE_SEGMENT, 'post');
  asm.org(0xfff5).text('01/01/26').db(0, 0xfc, 0);
}

/** Bytes the ROM carries besides its code. */
export interface RomData {
  /** 256 glyphs of 8, 14 and 16 bytes. */
  readonly rows8: Uint8Array;
  readonly rows14: Uint8Array;
  readonly rows16: Uint8Array;
  /** Static functionality table of INT 10h AH=1Bh. */
  readonly functionality: Uint8Array;
}

/** Feature bytes: two 8259As, RTC, keyboard intercept, EBDA, INT 15h C0h layout (BIOS Technical Reference, 1987). */
const CONFIGURATION_TABLE = [0x08, 0x00, 0xfc, 0x00, 0x01, 0x74, 0x40, 0x00, 0x00, 0x00];

function assembleData(asm: Assembler, data: RomData): void {
  asm
    .align(16)
    .label('configuration')
    .db(...CONFIGURATION_TABLE);
  asm.label('oemName').text('Annex VBE BIOS\0');
  asm.label('vendorName').text('Annex\0');
  asm.label('videoFunctionality').data(data.functionality);
  asm.align(16).label('font16').data(data.rows16);
  asm.label('font14').data(data.rows14);
  asm.label('font8').data(data.rows8);
}

/** Builds the built-in BIOS's ROM. */
export function buildBiosRom(data: RomData): BiosRom {
  const rom = new RomBuilder();
  const { asm } = rom;
  assembleStart(rom);
  assembleSoftwareInterrupts(rom);
  assembleHardwareInterrupts(rom);
  assembleBios32(rom);
  assembleKernelEntry(asm);
  assembleData(asm, data);
  const tables = { start: rom.linear(asm.align(16).here), end: rom.linear(FIXED_PLACES) };
  assembleFixedPlaces(asm, data);
  asm.finish();
  const directory = asm.offsetOf('bios32Directory');
  asm.image[directory + 10] =
    -asm.image.subarray(directory, directory + 16).reduce((sum, byte) => sum + byte, 0) & 0xff;
  return {
    image: rom.image,
    traps: rom.traps,
    address: (label) => rom.linear(asm.offsetOf(label)),
    tables,
  };
}
