import type { MachineView } from '../../shared/contract/machine-view.js';
import type { Arguments } from './command.js';
import { findMachine } from './find-machine.js';
import { openLastingSession, openSession, type HostSession } from './host-session.js';
import { libraryPathOf } from './installation.js';

/** Lends a session with the library's host. @param lasting whether what is started must outlive this command */
export async function withSession<T>(
  args: Arguments,
  lasting: boolean,
  use: (session: HostSession) => Promise<T>,
): Promise<T> {
  const library = libraryPathOf(args);
  const session = await (lasting ? openLastingSession(library) : openSession(library));
  try {
    return await use(session);
  } finally {
    await session.close();
  }
}

/** Lends a session and the machine that the first argument names. */
export function withMachine<T>(
  args: Arguments,
  lasting: boolean,
  use: (session: HostSession, machine: MachineView) => Promise<T>,
): Promise<T> {
  return withSession(args, lasting, async (session) => use(session, await findMachine(session, args.positionals[0]!)));
}
