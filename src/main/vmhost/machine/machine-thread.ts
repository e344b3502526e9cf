// Entry of the machine thread: makes the machine's memory, waits for its drives, builds it and runs it to its end.
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { Machine } from '../../vmm/machine/machine.js';
import { machineMemory } from '../../vmm/machine/machine-memory.js';
import { preferHugePages } from '../native/huge-pages.js';
import { timesRung } from '../rings/doorbell.js';
import { buildFailure } from '../vm-errors.js';
import { createFirmware, createProcessor } from './engine-parts.js';
import { MachineSession } from './machine-session.js';
import type { FromMachine, MachineThreadData, ToMachine } from './thread-messages.js';

const data = workerData as MachineThreadData;
const port = parentPort!;
const post = (message: FromMachine): void => port.postMessage(message);
const receive = (): ToMachine | undefined =>
  (receiveMessageOnPort(port) as { message: ToMachine } | undefined)?.message;

/** What to build, or undefined if the machine is given up before that comes. */
function awaitOrder(): Extract<ToMachine, { type: 'build' }> | undefined {
  for (;;) {
    const seen = timesRung(data.kick);
    const message = receive();
    if (message?.type === 'build') return message;
    if (message?.type === 'power-off') return undefined;
    if (!message) Atomics.wait(data.kick.words, data.kick.index, seen);
  }
}

function run(): void {
  const memory = machineMemory(data.spec);
  preferHugePages(memory.wasm.buffer as SharedArrayBuffer);
  post({ type: 'memory', memory: memory.wasm });
  const order = awaitOrder();
  if (!order) return;
  const session = new MachineSession(
    {
      data,
      memory,
      firmware: createFirmware(data.firmware),
      createVcpu: createProcessor(data),
      createMachine: (ports) => new Machine(data.spec, ports),
      post,
      receive,
    },
    order,
  );
  session.run();
}

try {
  run();
} catch (error) {
  post({ type: 'failed', ...buildFailure(error) });
}
