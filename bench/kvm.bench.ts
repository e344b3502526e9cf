import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Lab } from '../conformance/popek-goldberg/lab.js';
import { ArgumentMemory } from '../src/main/vmm/cpu/kvm/argument-memory.js';
import { KvmSystem } from '../src/main/vmm/cpu/kvm/kvm-system.js';
import { KvmVm, type KvmVcpu } from '../src/main/vmm/cpu/kvm/kvm-vm.js';
import { writeVcpuState } from '../src/main/vmm/cpu/kvm/vcpu-state.js';
import { powerOnState } from '../src/main/vmm/cpu/reset-state.js';
import { GuestMemory } from '../src/main/vmm/memory/guest-memory.js';
import { RAM_OFFSET } from '../src/main/vmm/memory/layout.js';
import { libcKernel } from '../src/main/vmhost/kvm/libc-kernel.js';
import { createKvmVcpu, kvmMissing } from '../src/testing/kvm.js';
import { median, spread, type Figure } from './lib/figure.js';

const ROUNDS = 1_000_000_000;
const EXITS = 20_000;
const ATTEMPTS = 7;
const USER_GOAL = 0.95;
const EXIT_GOAL = 1.5;

/** mov ecx, ROUNDS; l: add rax, rcx; xor rdx, rax; shr rdx, 3; lea rbx, [rax+rdx*4]; dec ecx; jnz l; int 80h */
const LOOP = Uint8Array.of(
  0xb9, ROUNDS & 0xff, (ROUNDS >>> 8) & 0xff, (ROUNDS >>> 16) & 0xff, ROUNDS >>> 24,
  0x48, 0x01, 0xc8, 0x48, 0x31, 0xc2, 0x48, 0xc1, 0xea, 3, 0x48, 0x8d, 0x1c, 0x90, 0xff, 0xc9, 0x75, 0xee, 0xcd, 0x80,
); // prettier-ignore

/** Nanoseconds of the loop as a 64-bit guest's user code, timer alarms and all. */
function userLoop(): number {
  const lab = new Lab(createKvmVcpu, { mode: 'long', cpl: 3 });
  lab.openGate(0x80).load(LOOP);
  const start = performance.now();
  let exit = lab.engine.run(0);
  while (exit.reason === 'budget') exit = lab.engine.run(0);
  const ns = (performance.now() - start) * 1e6;
  lab.engine.close();
  if (exit.reason !== 'halt') throw new Error(`the loop ended with ${exit.reason}`);
  return ns;
}

/** Nanoseconds from KVM_RUN to KVM_RUN of a guest that only writes to a port. */
function exitRoundTrip(): number {
  const kernel = libcKernel();
  const system = new KvmSystem(kernel);
  const memory = new GuestMemory(1 << 20, 1 << 20);
  const vm = new KvmVm(system, new ArgumentMemory(memory, kernel.addressOf(memory.wasm.buffer)));
  vm.setMemorySlot(0, { guestAddress: 0, hostOffset: RAM_OFFSET, bytes: 0x2000, flags: 0 });
  memory.bytes.set([0xe6, 0x42, 0xeb, 0xfc], RAM_OFFSET + 0x1000); // out 42h, al; jmp
  const vcpu = vm.createVcpu();
  const { segments, ...rest } = powerOnState();
  const cs = { ...segments.cs, selector: 0, base: 0n };
  writeVcpuState(vcpu, { ...rest, rip: 0x1000n, segments: { ...segments, cs } }, 0xfee0_0900n);
  repeat(vcpu, 1000);
  const start = performance.now();
  repeat(vcpu, EXITS);
  const ns = ((performance.now() - start) * 1e6) / EXITS;
  vcpu.close();
  vm.close();
  system.close();
  return ns;
}

function repeat(vcpu: KvmVcpu, count: number): void {
  for (let i = 0; i < count; i++) vcpu.enter();
}

/** Nanoseconds of the loop and of an exit in C. */
function peer(program: string): { loop: number; exit: number } {
  const [loop, exit] = execFileSync(program, [String(ROUNDS), String(EXITS)], { encoding: 'utf8' })
    .split(' ')
    .map(Number);
  return { loop: loop!, exit: exit! };
}

export default function kvmFigures(): Figure[] {
  const missing = kvmMissing();
  if (missing !== undefined) return [{ figure: 'KVM', value: `skipped: ${missing}`, goal: '', met: undefined }];
  const folder = mkdtempSync(path.join(tmpdir(), 'annex-bench-'));
  try {
    const program = path.join(folder, 'peer');
    execFileSync('cc', ['-O2', '-o', program, path.resolve('bench/kvm/peer.c')]);
    const runs = Array.from({ length: ATTEMPTS }, () => ({
      peer: peer(program),
      loop: userLoop(),
      exit: exitRoundTrip(),
    }));
    // Each run against the peer's beside it: the host's speed drifts.
    const speeds = runs.map((run) => run.peer.loop / run.loop);
    const ratios = runs.map((run) => run.exit / run.peer.exit);
    const microseconds = (times: readonly number[]): string =>
      `${spread(
        times.map((ns) => ns / 1000),
        1,
      )} µs`;
    return [
      {
        figure: 'ring 3 loop on KVM, share of native speed',
        value: spread(speeds, 3),
        goal: `≥ ${USER_GOAL}`,
        met: median(speeds) >= USER_GOAL,
      },
      { figure: 'exit round trip, C', value: microseconds(runs.map((run) => run.peer.exit)), goal: '', met: undefined },
      {
        figure: 'exit round trip, engine binding',
        value: microseconds(runs.map((run) => run.exit)),
        goal: '',
        met: undefined,
      },
      {
        figure: 'exit round trip, ratio to C',
        value: spread(ratios),
        goal: `≤ ${EXIT_GOAL}`,
        met: median(ratios) <= EXIT_GOAL,
      },
    ];
  } finally {
    rmSync(folder, { recursive: true });
  }
}
