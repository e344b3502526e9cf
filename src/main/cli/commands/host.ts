import type { Command } from '../command.js';
import { bytes } from '../describe-machine.js';
import { json, table } from '../terminal.js';
import { withSession } from '../with-session.js';

export const host: Command = {
  name: 'host',
  positionals: [],
  summary: 'Shows what this computer has and which engine machines get.',
  options: {},
  run: (args, terminal) =>
    withSession(args, false, async (session) => {
      const facts = await session.request('host.facts', {});
      if (args.flag('json')) terminal.out(json(facts));
      else
        terminal.out(
          table([
            ['Annex', facts.version],
            ['System', facts.platform],
            ['Processor', `${facts.cpuModel} (${facts.cpus} cores)`],
            ['Memory', `${bytes(facts.memoryBytes)}, ${bytes(facts.freeMemoryBytes)} free`],
            ['Library', `${facts.libraryPath}, ${bytes(facts.libraryFreeBytes)} free`],
            ['Engine', `${facts.engine.engine}: ${facts.engine.reason}`],
            ...facts.firmware.map(({ kind, path, version }) => [
              'Firmware',
              [kind, version, path].filter((part) => part !== null).join(' '),
            ]),
            ['Demo', facts.demo.reason ?? 'available'],
          ]),
        );
      return 0;
    }),
};
