import type { TRANSFER_COMMANDS } from '../../../shared/contract/transfer-commands.js';
import type { Machines } from '../machines.js';
import type { MediaCatalogue } from '../media/media-catalogue.js';
import type { Exporter } from '../transfer/exporter.js';
import type { Importer } from '../transfer/importer.js';
import type { Handlers } from './handlers.js';

interface TransferServices {
  readonly machines: Machines;
  readonly media: MediaCatalogue;
  readonly importer: Importer;
  readonly exporter: Exporter;
}

/** Commands that take machines over from other programs and give them away. */
export function transferCommands(services: TransferServices): Handlers<keyof typeof TRANSFER_COMMANDS> {
  const { machines, media, importer, exporter } = services;
  return {
    'machine.import': async ({ mediaId, name }) => {
      const { id, warnings } = await importer.import(media.pathOf(mediaId), name);
      machines.changed(id);
      return { machine: await machines.view(id), warnings: [...warnings] };
    },
    'machine.export': async ({ id, path }) => ({ path, sizeBytes: await exporter.export(id, path) }),
  };
}
