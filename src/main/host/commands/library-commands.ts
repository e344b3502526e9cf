import { z } from 'zod';
import type { MachineConfig } from '../../../shared/config/machine-config.js';
import type { HostEvent } from '../../../shared/contract/events.js';
import type { JsonStore } from '../json-store.js';
import { lentFile } from '../library/lent-files.js';
import type { Library } from '../library/library.js';
import type { Machines } from '../machines.js';
import type { MediaCatalogue } from '../media/media-catalogue.js';
import type { Operations } from '../operations.js';
import { checkMemory } from '../preflight.js';
import type { Snapshots } from '../snapshots/snapshots.js';
import { clonesOf } from '../snapshots/linked-clones.js';
import { AnnexError } from '../../../shared/contract/errors.js';
import { readSystemMap } from '../symbols/system-map-file.js';
import type { Handlers } from './handlers.js';
import { placeMedia } from './machine-draft.js';

export const foldersSchema = z.array(z.string());

interface LibraryServices {
  readonly library: Library;
  readonly machines: Machines;
  readonly media: MediaCatalogue;
  readonly folders: JsonStore<string[]>;
  readonly operations: Operations;
  readonly snapshots: Snapshots;
  readonly emit: (event: HostEvent) => void;
}

type LibraryCommand =
  'library.list' | 'library.setFolders' | 'machine.get' | 'machine.create' | 'machine.edit' | 'machine.delete';

/** Commands about machines as entries of the library. */
export function libraryCommands({
  library,
  machines,
  media,
  folders,
  operations,
  snapshots,
  emit,
}: LibraryServices): Handlers<LibraryCommand> {
  const pathOf = (mediaId: string): string => media.pathOf(mediaId);
  return {
    'library.list': async () => {
      await library.scan();
      const views = await Promise.all(library.all.map(({ config }) => machines.view(config.id)));
      return { machines: views, broken: [...library.broken], folders: folders.value };
    },
    'library.setFolders': async (request) => {
      await folders.set(request.folders);
      return {};
    },
    'machine.get': ({ id }) => machines.view(id),
    'machine.create': async ({ draft }) => {
      checkMemory(draft.memoryMiB);
      const config = placeMedia(draft, undefined, pathOf) as Omit<MachineConfig, 'version' | 'id' | 'createdAt'>;
      if (config.systemMap !== null) await readSystemMap(config.systemMap);
      const { id } = (await library.create(config, draft.newDisks)).config;
      machines.changed(id);
      return machines.view(id);
    },
    'machine.edit': async ({ id, patch }) => {
      const current = library.get(id).config;
      if (patch.memoryMiB !== undefined) checkMemory(patch.memoryMiB);
      const off = machines.stateOf(id) === undefined;
      const changes = placeMedia(patch, current, pathOf);
      if (patch.media?.['systemMap'] && changes.systemMap) await readSystemMap(changes.systemMap);
      const edit = async (): Promise<void> => {
        await snapshots.checkStaysReadonly(id, changes.drives ?? []);
        await library.edit(id, changes, patch.newDisks ?? {}, off);
      };
      // Disks are what operations work on; the rest may change at any time.
      await (patch.drives ? operations.exclusive(id, edit) : edit());
      machines.changed(id);
      return machines.view(id);
    },
    'machine.delete': async ({ id }) => {
      await operations.exclusive(id, async () => {
        const [clone] = await clonesOf(library, id);
        if (clone) throw hasClonesError(clone.name);
        const lent = await lentFile(library, id);
        if (lent) throw filesUsedError(lent.file, lent.machine);
        await library.remove(id);
      });
      emit({ type: 'machine-removed', id });
      return {};
    },
  };
}

function hasClonesError(clone: string): AnnexError {
  return new AnnexError('vm-has-clones', `The linked clone "${clone}" needs the disks of this machine. Delete it first.`, { clone }); // prettier-ignore
}

function filesUsedError(file: string, machine: string): AnnexError {
  return new AnnexError('vm-files-used', `The machine "${machine}" uses "${file}" of this machine. Remove it there first.`, { file, machine }); // prettier-ignore
}
