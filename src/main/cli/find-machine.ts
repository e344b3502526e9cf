import { AnnexError } from '../../shared/contract/errors.js';
import type { MachineView } from '../../shared/contract/machine-view.js';
import type { HostSession } from './host-session.js';

/** The machine somebody means by its name, whatever its case, or by the start of its id. @throws AnnexError `vm-not-found` */
export async function findMachine(session: HostSession, wanted: string): Promise<MachineView> {
  const { machines, broken } = await session.request('library.list', {});
  const lower = wanted.toLowerCase();
  const named = machines.find(({ config }) => config.name.toLowerCase() === lower);
  if (named) return named;
  const byId = machines.filter(({ config }) => wanted.length >= 4 && config.id.startsWith(lower));
  if (byId.length === 1) return byId[0]!;
  const damaged = broken.find(({ path }) => path.toLowerCase().endsWith(`${lower}.annex`));
  if (damaged) throw AnnexError.fromWire(damaged.error);
  throw new AnnexError('vm-not-found', `There is no machine called "${wanted}". "annex list" shows what there is.`, {
    name: wanted,
  });
}
