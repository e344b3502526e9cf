import path from 'node:path';
import { z } from 'zod';
import { AnnexError } from '../../../shared/contract/errors.js';
import type { HostEvent } from '../../../shared/contract/events.js';
import type { MediaView } from '../../../shared/contract/host-view.js';
import { DEMO_STEPS, makeDemoGuest } from '../demo/demo-guest.js';
import type { HostFactsReader } from '../host-facts.js';
import type { Jobs } from '../jobs.js';
import type { JsonStore } from '../json-store.js';
import { freeName } from '../library/free-name.js';
import type { Library } from '../library/library.js';
import type { Machines } from '../machines.js';
import { browse } from '../media/browse.js';
import type { MediaCatalogue } from '../media/media-catalogue.js';
import type { CheckedRequest, Handlers } from './handlers.js';

export const settingsSchema = z.record(z.string(), z.unknown());

/** Asks the person for a file with the desktop's own dialog; undefined if they cancel. */
export type MediaChooser = (kinds: CheckedRequest<'media.choose'>['kinds']) => Promise<string | undefined>;

interface HostServices {
  readonly facts: HostFactsReader;
  readonly media: MediaCatalogue;
  readonly jobs: Jobs;
  readonly library: Library;
  readonly machines: Machines;
  readonly settings: JsonStore<Record<string, unknown>>;
  readonly chooser: MediaChooser | undefined;
  /** Where downloads and uploads are kept. */
  readonly dataFolder: string;
  readonly emit: (event: HostEvent) => void;
}

type HostCommand =
  | 'host.facts'
  | 'media.choose'
  | 'media.browse'
  | 'media.add'
  | 'media.list'
  | 'media.forget'
  | 'demo.create'
  | 'job.cancel'
  | 'settings.get'
  | 'settings.set';

/** Commands about the host itself: what it has, which media it knows, what it is busy with. */
export function hostCommands(services: HostServices): Handlers<HostCommand> {
  const { facts, media, jobs, settings, emit } = services;
  return {
    'host.facts': () => facts.read(),
    'media.choose': async ({ kinds }) => ({ media: await choose(services, kinds) }),
    'media.browse': (request) => browse(request.path),
    'media.add': (request) => media.add(request.path),
    'media.list': async () => ({ media: await media.list() }),
    'media.forget': async ({ id }) => {
      await media.forget(id);
      return {};
    },
    'demo.create': async () => services.machines.view(await createDemo(services)),
    'job.cancel': async ({ jobId }) => {
      jobs.cancel(jobId);
      return {};
    },
    'settings.get': async () => ({ settings: settings.value }),
    'settings.set': async ({ patch }) => {
      await settings.set({ ...settings.value, ...patch });
      emit({ type: 'settings-changed', settings: settings.value });
      return {};
    },
  };
}

async function choose({ chooser, media }: HostServices, kinds: Parameters<MediaChooser>[0]): Promise<MediaView | null> {
  if (!chooser)
    throw new AnnexError('not-supported', 'There is no desktop to show a file dialog on. Choose from the folders of the host.'); // prettier-ignore
  const file = await chooser(kinds);
  return file === undefined ? null : media.add(file);
}

/** Makes the one-click guest and its machine; gives the machine's id. */
async function createDemo({ jobs, library, machines, dataFolder }: HostServices): Promise<string> {
  const folder = path.join(dataFolder, 'demo');
  const description = { kind: 'demo', title: 'Small Debian', machineId: null } as const;
  const guest = await jobs.run(description, ({ signal, progress }) =>
    makeDemoGuest(folder, path.join(folder, 'packages'), (step) => progress(DEMO_STEPS.indexOf(step), DEMO_STEPS.length), signal),
  ); // prettier-ignore
  const machine = await library.create(
    {
      name: freeName(library, 'Small Debian'),
      guestOs: 'debian',
      notes: '',
      folder: '',
      memoryMiB: guest.memoryMiB,
      cpus: 1,
      engine: 'auto',
      processor: 'full',
      firmware: { kind: 'builtin' },
      bootOrder: ['cdrom', 'disk', 'floppy'],
      bootMenuMs: 0,
      kernel: { path: guest.kernel, initrd: guest.initrd, commandLine: guest.commandLine },
      drives: [],
      serials: [{ port: 1, mode: 'console' }],
      display: { videoMemoryMiB: 16 },
      pointer: 'auto',
      clock: 'utc',
      autoSnapshots: null,
      systemMap: null,
    },
    {},
  );
  machines.changed(machine.config.id);
  return machine.config.id;
}
