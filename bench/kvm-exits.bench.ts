import { CoalescedWrites, type CoalescedZone } from '../src/main/vmm/cpu/kvm/coalesced-writes.js';
import { kvmMissing } from '../src/testing/kvm.js';
import { KvmLab } from '../src/testing/kvm-lab.js';
import type { Figure } from './lib/figure.js';

const ROUNDS = 60;
/** Writes in a round, less than the ring holds. */
const WRITES = 100;
const ATTEMPTS = 12;

const OUT_80 = [0xe6, 0x80];
/** `mov ecx, WRITES; l: <body>; dec ecx; jnz l; out 80h, al; jmp`, in flat 32-bit code. */
function loop(body: readonly number[]): number[] {
  const back = 256 - (body.length + 3);
  const code = [0xb9, WRITES, 0, 0, 0, ...body, 0x49, 0x75, back, ...OUT_80];
  return [...code, 0xeb, 256 - (code.length + 2)];
}

const SILENT = { portWrite: () => undefined, mmioWrite: () => undefined };

/** Least nanoseconds of a round. */
function best(round: () => void): number {
  round();
  const times = Array.from({ length: ATTEMPTS }, () => {
    const start = performance.now();
    for (let i = 0; i < ROUNDS; i++) round();
    return ((performance.now() - start) * 1e6) / ROUNDS;
  });
  return Math.min(...times);
}

interface Variant {
  readonly irqchip?: boolean;
  readonly zone?: CoalescedZone;
}

/** Nanoseconds of one round of a loop with `body`, with whatever exits it takes. */
function costOf(body: readonly number[], { irqchip = false, zone }: Variant = {}): number {
  const lab = new KvmLab({ irqchip });
  const writes = new CoalescedWrites(lab.system, lab.vm, lab.vcpu);
  if (zone) writes.add(zone);
  lab.load(loop(body), 'flat');
  const ns = best(() => {
    do {
      lab.vcpu.enter();
      writes.drain(SILENT);
    } while (lab.vcpu.run.ioPort !== 0x80 || lab.vcpu.run.exitReason !== 2);
  });
  lab.close();
  return ns / WRITES;
}

const IDLE: readonly number[] = [0x90, 0x90];
/** sti; hlt; jmp, and a handler that ends its interrupt at the 8259A: mov al, 20h; out 20h, al; out 80h, al; iret */
const WAITING = [0xfb, 0xf4, 0xeb, 0xfc];
const HANDLER = [0xb0, 0x20, 0xe6, 0x20, ...OUT_80, 0xcf];
/** ICW1 to ICW4 of the master, vectors from 20h, all unmasked. */
const START_8259 = [
  0xb0, 0x11, 0xe6, 0x20, 0xb0, 0x20, 0xe6, 0x21, 0xb0, 0x04, 0xe6, 0x21, 0xb0, 0x01, 0xe6, 0x21, 0xb0, 0x00, 0xe6, 0x21,
]; // prettier-ignore

/** Nanoseconds of an interrupt out of HLT, its end-of-interrupt and its IRET. */
function interruptCost(irqchip: boolean): number {
  const lab = new KvmLab({ irqchip });
  lab.write(0x25 * 4, [0x00, 0x20, 0, 0]).write(0x2000, HANDLER);
  lab.load([...START_8259, ...OUT_80, ...WAITING]);
  const untilPort = (port: number): void => {
    do lab.vcpu.enter();
    while (lab.vcpu.run.exitReason !== 2 || lab.vcpu.run.ioPort !== port);
  };
  const untilHalt = (): void => {
    do lab.vcpu.enter();
    while (lab.vcpu.run.exitReason !== 5);
  };
  untilPort(0x80);
  const ns = best(() => {
    if (irqchip) {
      lab.setLine(5, 1);
      lab.setLine(5, 0);
    } else {
      untilHalt();
      lab.interrupt(0x25);
    }
    untilPort(0x80);
  });
  lab.close();
  return ns;
}

export default function kvmExitFigures(): Figure[] {
  const missing = kvmMissing();
  if (missing !== undefined) return [{ figure: 'KVM', value: `skipped: ${missing}`, goal: '', met: undefined }];
  const pair = (what: string, exiting: number, without: number, how: string): Figure[] => [
    { figure: `${what}, by an exit`, value: `${(exiting / 1000).toFixed(2)} µs`, goal: '', met: undefined },
    { figure: `${what}, ${how}`, value: `${(without / 1000).toFixed(2)} µs`, goal: '', met: undefined },
    { figure: `${what}, ratio`, value: (without / exiting).toFixed(2), goal: '', met: undefined },
  ];
  const write = (what: string, body: readonly number[], zone: CoalescedZone): Figure[] =>
    pair(what, costOf(body), costOf(body, { zone }), 'coalesced');
  const chip = (what: string, body: readonly number[]): Figure[] =>
    pair(what, costOf(body), costOf(body, { irqchip: true }), 'chip in the kernel');
  return [
    { figure: 'a round of the loop itself', value: `${(costOf(IDLE) / 1000).toFixed(2)} µs`, goal: '', met: undefined },
    ...write('byte to port E9h', [0xe6, 0xe9], { space: 'port', address: 0xe9, bytes: 1 }),
    ...write('doubleword to A0000h', [0xa3, 0, 0, 0x0a, 0], { space: 'memory', address: 0xa_0000, bytes: 0x2_0000 }),
    ...chip('end of interrupt at the 8259A', [0xe6, 0x20]),
    ...chip('end of interrupt at the APIC', [0xa3, 0xb0, 0, 0xe0, 0xfe]),
    ...chip('initial count of the APIC timer', [0xa3, 0x80, 0x03, 0xe0, 0xfe]),
    ...pair('interrupt out of HLT and back', interruptCost(false), interruptCost(true), 'chip in the kernel'),
  ];
}
