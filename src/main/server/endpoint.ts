import { mkdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { AnnexError } from '../../shared/contract/errors.js';
import { HOST_FOLDER } from '../host/host.js';
import { writeFileAtomic } from '../node/atomic-file.js';
import { identifyProcess, isAlive } from '../node/process-identity.js';

const endpointSchema = z.object({
  pid: z.int(),
  startTime: z.string().nullable(),
  port: z.int(),
  token: z.string(),
});

/** How to reach the host that holds a library. Holds the token, so only the user may read the file. */
export type Endpoint = z.infer<typeof endpointSchema>;

function endpointFile(libraryPath: string): string {
  return path.join(libraryPath, HOST_FOLDER, 'endpoint.json');
}

/** The living host of a library, if there is one. */
export async function findEndpoint(libraryPath: string): Promise<Endpoint | undefined> {
  try {
    const endpoint = endpointSchema.parse(JSON.parse(await readFile(endpointFile(libraryPath), 'utf8')));
    return isAlive(endpoint) ? endpoint : undefined;
  } catch {
    return undefined;
  }
}

/** Makes this process known as the library's host. @returns how to take that back @throws AnnexError `vm-locked` if another one is */
export async function publishEndpoint(libraryPath: string, port: number, token: string): Promise<() => Promise<void>> {
  const file = endpointFile(libraryPath);
  const other = await findEndpoint(libraryPath);
  if (other && other.pid !== process.pid) throw libraryInUse(other);
  const endpoint: Endpoint = { ...identifyProcess(process.pid), port, token };
  await mkdir(path.dirname(file), { recursive: true });
  await writeFileAtomic(file, JSON.stringify(endpoint), { mode: 0o600 });
  return () => rm(file, { force: true });
}

/** @param other the host that has it */
export function libraryInUse(other: Endpoint): AnnexError {
  return new AnnexError(
    'vm-locked',
    `This library is already open in Annex (process ${other.pid}). Use http://127.0.0.1:${other.port}/#token=${other.token} or stop it first.`,
    { pid: other.pid },
  );
}
