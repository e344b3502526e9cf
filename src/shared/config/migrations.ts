import { AnnexError } from '../contract/errors.js';
import { MACHINE_CONFIG_VERSION, machineConfigSchema, type MachineConfig } from './machine-config.js';

/** What a `machine.json` of one version becomes in the next. Input has that version, but is otherwise unchecked. */
type Migration = (old: Record<string, unknown>) => Record<string, unknown>;

/** By the version they start from. */
export type Migrations = Readonly<Record<number, Migration>>;

/** Version 1 is the first: nothing to migrate yet. */
const MIGRATIONS: Migrations = {};

/**
 * The content of a `machine.json`, brought to the current version.
 * @throws AnnexError `vm-config-damaged`, `vm-config-newer` or `vm-config-invalid`, each with what to do
 */
export function parseMachineConfig(text: string): MachineConfig {
  const raw = parseObject(text);
  const version = raw['version'];
  if (typeof version !== 'number' || !Number.isInteger(version) || version < 1)
    throw damaged('it does not say which version it has');
  if (version > MACHINE_CONFIG_VERSION)
    throw new AnnexError(
      'vm-config-newer',
      `This machine was saved by a newer Annex (format ${version}, this one reads up to ${MACHINE_CONFIG_VERSION}). Update Annex to use it.`,
      { version, supported: MACHINE_CONFIG_VERSION },
    );
  return checkMachineConfig(migrate(raw, version, MACHINE_CONFIG_VERSION, MIGRATIONS));
}

/** Brings `raw` from one version to another step by step. @throws AnnexError if a step is missing */
export function migrate(
  raw: Record<string, unknown>,
  from: number,
  to: number,
  migrations: Migrations,
): Record<string, unknown> {
  let current = raw;
  for (let version = from; version < to; version++) {
    const step = migrations[version];
    if (!step) throw damaged(`format ${version} cannot be read any more`);
    current = { ...step(current), version: version + 1 };
  }
  return current;
}

/** @throws AnnexError `vm-config-invalid` naming the first offending field */
export function checkMachineConfig(raw: unknown): MachineConfig {
  const parsed = machineConfigSchema.safeParse(raw);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    const field = issue.path.join('.') || 'machine.json';
    throw new AnnexError('vm-config-invalid', `The setting "${field}" is not valid: ${issue.message}.`, { field });
  }
  checkDrives(parsed.data);
  return parsed.data;
}

/** What one drive alone cannot tell: names and slots are taken once. */
function checkDrives(config: MachineConfig): void {
  const taken = new Set<string>();
  for (const drive of config.drives) {
    const slot = drive.kind === 'floppy' ? `floppy ${drive.unit}` : `IDE ${drive.slot.channel}:${drive.slot.unit}`;
    for (const [key, what] of [[drive.id, 'name'], [slot, 'place']] as const) {
      if (taken.has(key))
        throw new AnnexError('vm-config-invalid', `Two drives have the same ${what}, "${key}". Change one of them.`, { field: 'drives' });
      taken.add(key);
    }
  }
} // prettier-ignore

function parseObject(text: string): Record<string, unknown> {
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch (cause) {
    throw damaged('it is not valid JSON', cause);
  }
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) throw damaged('it holds no settings');
  return raw as Record<string, unknown>;
}

function damaged(why: string, cause?: unknown): AnnexError {
  return new AnnexError(
    'vm-config-damaged',
    `The file machine.json is damaged (${why}). Restore it from a backup, or remove the machine from its folder.`,
    {},
    cause === undefined ? {} : { cause },
  );
}
