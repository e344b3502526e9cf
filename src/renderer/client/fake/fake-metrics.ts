import type { MachineMetrics, MachineView } from '../../../shared/contract/machine-view.js';
import { FAKE_SCREEN } from './fake-screen.js';

const wave = (at: number, period: number, phase: number) => (Math.sin(at / period + phase) + 1) / 2;

/** A plausible sample: slow waves with some noise. */
export function fakeSample(machine: MachineView, at: number): MachineMetrics {
  const seed = machine.config.name.length;
  const load = 0.15 + 0.5 * wave(at, 23_000, seed) * wave(at, 7_000, 1) + Math.random() * 0.06;
  const k = (base: number, period: number) =>
    Math.round(base * (0.6 + wave(at, period, seed) * 0.8 + Math.random() * 0.1));
  return {
    machineId: machine.config.id,
    at,
    cpuLoad: load,
    instructionsPerSecond: load * 3.4e8,
    rates: {
      'exit.port': k(6100, 31_000),
      'exit.mmio': k(4800, 17_000),
      'exit.halt': k(1000, 11_000),
      'exit.interrupt': k(2600, 13_000),
      'interrupt.timer': k(250, 50_000),
      'interrupt.ide': k(90, 9_000),
      'interrupt.keyboard': k(3, 5_000),
      'tlbMisses': k(52_000, 19_000),
      'pageFaults': k(3900, 14_000),
    },
    disks: { disk1: { readBytes: k(300_000, 9_000), writeBytes: k(3_100_000, 15_000) } },
    memory: {
      residentBytes: machine.config.memoryMiB * 2 ** 20 * 0.6 + (at % 9_000_000),
      guestBytes: machine.config.memoryMiB * 2 ** 20,
    },
    uptimeSeconds: (at - (machine.startedAt ?? at)) / 1000,
    screen: FAKE_SCREEN,
    keyboardLeds: { caps: false, num: true, scroll: false },
    absolutePointer: false,
    translator: {
      regions: 118,
      bytes: 1_310_000,
      mostRegions: 2000,
      mostBytes: 20 * 2 ** 20,
      instructionsTranslated: 24_800,
      translationMs: 412,
      compilationMs: 131,
      dropped: 37,
      evicted: 0,
      syscallEntry: 'ffffffff81c00010',
      ...(machine.config.systemMap === null ? {} : { symbols: { file: 'System.map-6.1.0-26-amd64', problem: null } }),
      hottest: [
        { address: 'ffffffff810b2a40', code: 'push rbp; mov rbp, rsp; push r15; push r14', instructions: 312, bytes: 19_200, uses: k(90_000, 9_000) },
        { address: 'ffffffff8118f1c0', code: 'mov rax, qword ptr gs:[0x1fb80]; test rax, rax; je 0xffffffff8118f200', instructions: 164, bytes: 11_004, uses: k(40_000, 7_000) },
        { address: '7f3fc2a41e10', code: 'movdqu xmm0, xmmword ptr [rsi]; pcmpeqb xmm0, xmm1; pmovmskb eax, xmm0; test eax, eax', instructions: 57, bytes: 4_310, uses: k(12_000, 11_000) },
      ],
    }, // prettier-ignore
  };
}
