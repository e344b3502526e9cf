import { obeyBranchHints } from '../src/main/vmhost/engine/branch-hints.js';
import { BareCpu, type BareEngine } from '../src/testing/bare-cpu.js';
import { median, spread, type Figure } from './lib/figure.js';

/** mov ecx, 0x7fffffff: each loop counts it down, far beyond what is measured. */
const COUNT = [0xb9, 0xff, 0xff, 0xff, 0x7f];
const HALT = 0xf4;

const LOOPS: readonly { readonly name: string; readonly code: readonly number[] }[] = [
  {
    // l: add rax, rcx; xor rdx, rax; shr rdx, 3; lea rbx, [rax+rdx*4]; dec ecx; jnz l
    name: 'arithmetic',
    code: [0x48, 0x01, 0xc8, 0x48, 0x31, 0xc2, 0x48, 0xc1, 0xea, 3, 0x48, 0x8d, 0x1c, 0x90, 0xff, 0xc9, 0x75, 0xee],
  },
  {
    // l: mov rax, [rsi]; add rax, 1; mov [rsi], rax; movzx edx, byte [rsi+1]; add [rsi+16], edx; dec ecx; jnz l
    name: 'memory',
    code: [
      0x48, 0x8b, 0x06, 0x48, 0x83, 0xc0, 1, 0x48, 0x89, 0x06, 0x0f, 0xb6, 0x56, 1, 0x01, 0x56, 0x10, 0xff, 0xc9, 0x75, 0xeb,
    ],
  },
  {
    // l: call f; cmp eax, 5; je l; test ecx, ecx; dec ecx; jnz l; hlt; f: push rbx; inc eax; pop rbx; ret
    name: 'calls',
    code: [
      0xe8, 0x0c, 0, 0, 0, 0x83, 0xf8, 5, 0x74, 0xf6, 0x85, 0xc9, 0xff, 0xc9, 0x75, 0xf0, HALT, 0x53, 0xff, 0xc0, 0x5b, 0xc3,
    ],
  },
]; // prettier-ignore

/** Each loop is timed this often; the median leaves out what else the host does. */
const ROUNDS = 9;
const INSTRUCTIONS = 50_000_000;
const SLICE = 1_000_000;
/** Until the WebAssembly engine's best compiler has replaced its first. */
const WARM_UP_MS = 3000;
const DATA = 0x20000n;
const GOAL_MIPS = 300;
const ENGINES: readonly BareEngine[] = [{ kind: 'interpreter' }, { kind: 'translator' }];

/** Million guest instructions per second of CPU time, by round. */
function mips(code: readonly number[], engine: BareEngine): number[] {
  const cpu = new BareCpu('long', engine);
  cpu.load([...COUNT, ...code, HALT]);
  cpu.setRegisters({ rsi: DATA });
  const start = performance.now();
  while (performance.now() - start < WARM_UP_MS) cpu.engine.run(SLICE);
  return Array.from({ length: ROUNDS }, () => {
    const before = cpu.engine.stats.instructions;
    const used = process.cpuUsage();
    for (let i = 0; i < INSTRUCTIONS; i += SLICE) cpu.engine.run(SLICE);
    const { user, system } = process.cpuUsage(used);
    return (cpu.engine.stats.instructions - before) / (user + system);
  });
}

/** The software engines alone on 64-bit integer loops. */
export default function core(): Promise<Figure[]> {
  // As in the process of a VM.
  obeyBranchHints();
  const figures = ENGINES.flatMap((engine) =>
    LOOPS.map(({ name, code }) => {
      const rounds = mips(code, engine);
      const value = median(rounds);
      return {
        figure: `${engine.kind}, ${name} loop`,
        value: `${spread(rounds, 0)} MIPS`,
        goal: `≥ ${GOAL_MIPS} MIPS`,
        met: value >= GOAL_MIPS,
      };
    }),
  );
  return Promise.resolve(figures);
}
