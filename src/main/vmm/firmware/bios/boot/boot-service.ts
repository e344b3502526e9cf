import type { Timer, TimerQueue } from '../../../time/timers.js';
import type { BootDevice, FirmwareDrive, FirmwareOptions } from '../../firmware.js';
import type { KeyBuffer } from '../keyboard/key-buffer.js';
import type { ServiceCall, Wait } from '../service-call.js';
import type { Screen } from '../video/screen.js';
import type { BootAttempt, BootLoader } from './boot-loader.js';
import { candidates } from './boot-order.js';

/** Key codes that open the menu. */
const F12 = 0x8600;
const ESCAPE = 0x011b;
const MAX_MENU_ENTRIES = 9;

/** A jump target the ROM's RETF takes from the stack. */
export interface EntryPoint {
  readonly segment: number;
  readonly offset: number;
}

export interface BootContext {
  readonly screen: Screen;
  readonly keys: KeyBuffer;
  readonly timers: TimerQueue;
  readonly loader: BootLoader;
  readonly drives: readonly FirmwareDrive[];
  readonly options: Pick<FirmwareOptions, 'bootOrder' | 'bootMenuMs'>;
  /** Puts a kernel given to the machine in place instead of trying drives. */
  readonly startKernel: ((call: ServiceCall) => EntryPoint) | undefined;
  readonly log: (line: string) => void;
}

const KIND_NAMES: Readonly<Record<BootDevice, string>> = {
  cdrom: 'CD/DVD',
  disk: 'Hard disk',
  floppy: 'Floppy disk',
  network: 'Network',
};

export const describeDrive = (drive: FirmwareDrive): string => `${KIND_NAMES[drive.kind]}: ${drive.name}`;

/** INT 19h and 18h: goes through the boot order until something starts, and tells the person when nothing does. */
export class BootService {
  private readonly alarm: Timer;
  /** Drives still to be tried after the one that is running, for INT 18h. */
  private remaining: readonly FirmwareDrive[] = [];
  private chosen: FirmwareDrive | undefined;

  constructor(private readonly context: BootContext) {
    this.alarm = context.timers.create(() => {});
  }

  reset(): void {
    this.remaining = [];
    this.chosen = undefined;
  }

  /** During POST: waits for the menu key as long as the machine's settings say, and lets the person choose. */
  *offerMenu(): Generator<Wait, void> {
    const { options, timers, startKernel } = this.context;
    if (options.bootMenuMs <= 0 || startKernel) return;
    this.print('Press F12 for the boot menu.\r\n');
    const until = timers.clock.nowNs() + options.bootMenuMs * 1_000_000;
    while (timers.clock.nowNs() < until) {
      const key = this.context.keys.take();
      if (key === F12 || key === ESCAPE) return yield* this.menu();
      this.alarm.arm(until);
      yield 'interrupt';
    }
  }

  /** INT 19h. */
  *boot(call: ServiceCall): Generator<Wait, void> {
    const { startKernel, drives, options } = this.context;
    if (startKernel) return enter(call, startKernel(call));
    const order = candidates(drives, options.bootOrder);
    this.remaining = this.chosen ? [this.chosen, ...order.filter((drive) => drive !== this.chosen)] : order;
    yield* this.tryRemaining(call, []);
  }

  /** INT 18h: what was started gave up. */
  *next(call: ServiceCall): Generator<Wait, void> {
    this.print('\r\nThe boot program gave up.\r\n');
    yield* this.tryRemaining(call, []);
  }

  private *tryRemaining(call: ServiceCall, tried: readonly string[]): Generator<Wait, void> {
    const failures = [...tried];
    while (this.remaining.length > 0) {
      const [drive, ...rest] = this.remaining;
      this.remaining = rest;
      const attempt: BootAttempt = yield* this.context.loader.load(drive!);
      if (attempt.ok) return this.start(call, drive!, attempt);
      failures.push(`${describeDrive(drive!)}: ${attempt.reason}`);
    }
    yield* this.nothingBoots(call, failures);
  }

  private start(call: ServiceCall, drive: FirmwareDrive, attempt: BootAttempt & { ok: true }): void {
    this.context.log(`booting from ${describeDrive(drive)}`);
    this.print(`Booting from ${describeDrive(drive)}\r\n`);
    call.eax = 0xaa55;
    call.ebx = 0;
    call.ecx = 0;
    call.edx = attempt.driveNumber;
    call.esi = 0;
    call.edi = 0;
    call.ebp = 0;
    enter(call, attempt);
  }

  private *nothingBoots(call: ServiceCall, failures: readonly string[]): Generator<Wait, void> {
    this.context.log(`no bootable device (${failures.join('; ') || 'no drives'})`);
    this.print('\r\nNo bootable device.\r\n\r\n');
    for (const failure of failures) this.print(`  ${failure}\r\n`);
    if (failures.length === 0) this.print('  This machine has no drive in its boot order.\r\n');
    this.print('\r\nInsert a bootable medium and press a key to try again.\r\n');
    while (this.context.keys.take() === undefined) yield 'interrupt';
    yield* this.boot(call);
  }

  private *menu(): Generator<Wait, void> {
    const choices = this.context.drives.slice(0, MAX_MENU_ENTRIES);
    this.print('\r\nBoot from:\r\n\r\n');
    choices.forEach((drive, i) => this.print(`  ${i + 1}. ${describeDrive(drive)}\r\n`));
    this.print('\r\nPress a number, or Esc for the usual order.\r\n');
    for (;;) {
      const key = this.context.keys.take();
      if (key === ESCAPE) return;
      const digit = (key ?? 0) & 0xff;
      this.chosen = choices[digit - 0x31];
      if (this.chosen) return;
      yield 'interrupt';
    }
  }

  private print(text: string): void {
    const { screen } = this.context;
    for (const c of text) screen.teletype(screen.activePage, c.charCodeAt(0) < 256 ? c.charCodeAt(0) : 0x3f);
  }
}

/** The stub ends in RETF: it goes where the stack says. */
function enter(call: ServiceCall, { segment, offset }: EntryPoint): void {
  call.push(segment);
  call.push(offset);
}
