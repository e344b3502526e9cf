// Guest instructions a second of the interpreter on a few loops, by CPU time so that a busy host does not count.
import { runnerImport } from 'vite';
import { fileURLToPath } from 'node:url';

const helper = fileURLToPath(new URL('../src/testing/bare-cpu.ts', import.meta.url));
const { BareCpu } = (await runnerImport(helper)).module;

// Each loop counts RCX down from 2³¹−1; `length` instructions a round.
const COUNT = [0xb9, 0xff, 0xff, 0xff, 0x7f]; // mov ecx, 0x7fffffff
const LOOPS = {
  // l: add rax, rcx; xor rdx, rax; shr rdx, 3; lea rbx, [rax+rdx*4]; dec ecx; jnz l
  arithmetic: [0x48, 0x01, 0xc8, 0x48, 0x31, 0xc2, 0x48, 0xc1, 0xea, 0x03, 0x48, 0x8d, 0x1c, 0x90, 0xff, 0xc9, 0x75, 0xee],
  // l: mov rax, [rsi]; add rax, 1; mov [rsi], rax; movzx edx, byte [rsi+1]; add [rsi+16], edx; dec ecx; jnz l
  memory: [
    0x48, 0x8b, 0x06, 0x48, 0x83, 0xc0, 0x01, 0x48, 0x89, 0x06, 0x0f, 0xb6, 0x56, 0x01, 0x01, 0x56, 0x10, 0xff, 0xc9, 0x75, 0xeb,
  ],
  // l: call f; cmp eax, 5; je l; test ecx, ecx; dec ecx; jnz l; hlt; f: push rbx; inc eax; pop rbx; ret
  calls: [
    0xe8, 0x0c, 0x00, 0x00, 0x00, 0x83, 0xf8, 0x05, 0x74, 0xf6, 0x85, 0xc9, 0xff, 0xc9, 0x75, 0xf0, 0xf4, 0x53, 0xff, 0xc0, 0x5b, 0xc3,
  ],
}; // prettier-ignore
const MODES = ['long', 'protected'];
const INSTRUCTIONS = 300_000_000;
const SLICE = 1_000_000;
const WARM_UP_MS = 3000;

function measure(mode, code) {
  // The 32-bit forms are the same bytes without REX prefixes.
  const bytes = mode === 'long' ? code : undefined;
  if (!bytes) return undefined;
  const cpu = new BareCpu(mode);
  cpu.load([...COUNT, ...bytes, 0xf4]);
  cpu.setRegisters({ rsi: 0x20000n });
  const start = performance.now();
  while (performance.now() - start < WARM_UP_MS) cpu.engine.run(SLICE);
  const before = cpu.engine.stats.instructions;
  const used = process.cpuUsage();
  for (let i = 0; i < INSTRUCTIONS; i += SLICE) cpu.engine.run(SLICE);
  const { user, system } = process.cpuUsage(used);
  return (cpu.engine.stats.instructions - before) / (user + system);
}

for (const mode of MODES) {
  for (const [name, code] of Object.entries(LOOPS)) {
    const mips = measure(mode, code);
    if (mips !== undefined) console.log(`${mode} ${name}: ${mips.toFixed(0)} MIPS`);
  }
}
