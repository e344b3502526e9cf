import { z } from 'zod';

/**
 * Stable error codes of the contract. `bug` marks a defect of ours, `expected` what a person can cause and mend,
 * `cancelled` what a person asked for.
 */
export const ERROR_CODES = {
  'bad-request': 'bug',
  'unauthorized': 'expected',
  /** This host cannot do that at all (a native dialog in served mode). */
  'not-supported': 'expected',
  'internal': 'bug',
  'cancelled': 'cancelled',
  'vm-not-found': 'expected',
  'vm-exists': 'expected',
  'vm-wrong-state': 'expected',
  'vm-locked': 'expected',
  /** Another operation on this machine is under way. */
  'vm-busy': 'expected',
  /** Linked clones build on this machine. */
  'vm-has-clones': 'expected',
  /** A drive of another machine names a file of this one. */
  'vm-files-used': 'expected',
  'vm-config-damaged': 'expected',
  'vm-config-newer': 'expected',
  'vm-config-invalid': 'expected',
  'vm-process-died': 'expected',
  'vm-process-silent': 'expected',
  'guest-shutdown': 'expected',
  /** The guest halted its processor for good, as systems without ACPI do at shutdown. */
  'guest-halted': 'expected',
  'snapshot-not-found': 'expected',
  /** Linked clones build on this snapshot. */
  'snapshot-has-clones': 'expected',
  /** `snapshots/tree.json` cannot be read. */
  'snapshots-damaged': 'expected',
  'snapshots-newer': 'expected',
  /** A disk of this machine is of a kind that no layer can be put on. */
  'snapshot-unsupported-disk': 'expected',
  /** The machine or snapshot that the disks of a linked clone build on is gone. */
  'clone-base-missing': 'expected',
  /** The file of a layer that a disk is made of is gone. */
  'layer-missing': 'expected',
  /** Not possible while snapshots need the disk as it is. */
  'disk-has-snapshots': 'expected',
  /** The file would be written, and a snapshot or the suspended guest of another machine needs it as it is. */
  'disk-needed': 'expected',
  /** A disk can only grow. */
  'disk-too-small': 'expected',
  /** Every place for a disk is taken. */
  'no-free-slot': 'expected',
  'memory-too-large': 'expected',
  'engine-unavailable': 'expected',
  'media-not-found': 'expected',
  'media-not-readable': 'expected',
  'media-truncated': 'expected',
  'media-not-bootable': 'expected',
  'image-unsupported': 'expected',
  /** The image would be written to, and is of a kind that can only be read. */
  'image-read-only': 'expected',
  'image-damaged': 'expected',
  'image-locked': 'expected',
  /** The description of a machine made by another program, or a file it names, cannot be used. */
  'appliance-invalid': 'expected',
  'file-exists': 'expected',
  'kernel-invalid': 'expected',
  /** A file that was to name a kernel's code has no symbols. */
  'symbols-invalid': 'expected',
  /** A saved state cannot be read: damaged, of a newer version, in a form this computer lacks, of another machine. */
  'state-damaged': 'expected',
  'state-newer': 'expected',
  'state-unsupported': 'expected',
  'state-mismatch': 'expected',
  'firmware-not-found': 'expected',
  'no-space': 'expected',
  'no-permission': 'expected',
  'io-error': 'expected',
  'demo-unavailable': 'expected',
} as const satisfies Record<string, 'bug' | 'expected' | 'cancelled'>;

export type ErrorCode = keyof typeof ERROR_CODES;

/** An error as it crosses the contract. */
export const wireErrorSchema = z.object({
  code: z.enum(Object.keys(ERROR_CODES) as [ErrorCode, ...ErrorCode[]]),
  /** A sentence for a person that says what to do, in English; the renderer translates by code and details. */
  message: z.string(),
  /** Values the sentence names (paths, sizes, names), for translation. */
  details: z.record(z.string(), z.union([z.string(), z.number()])).optional(),
  /** The technical cause, for the log and "Copy details". */
  cause: z.string().optional(),
});
export type WireError = z.infer<typeof wireErrorSchema>;

/** The one error type of host, CLI and contract. */
export class AnnexError extends Error {
  override readonly name = 'AnnexError';

  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly details: Record<string, string | number> = {},
    options?: ErrorOptions,
  ) {
    super(message, options);
  }

  toWire(): WireError {
    const cause = this.cause === undefined ? {} : { cause: String(this.cause) };
    return { code: this.code, message: this.message, details: this.details, ...cause };
  }

  static fromWire(wire: WireError): AnnexError {
    return new AnnexError(wire.code, wire.message, wire.details, wire.cause === undefined ? {} : { cause: wire.cause });
  }
}

/** Whatever was thrown, as it crosses the contract: what is no {@link AnnexError} is a defect of ours. */
export function toWireError(error: unknown): WireError {
  if (error instanceof AnnexError) return error.toWire();
  const cause = error instanceof Error ? (error.stack ?? error) : error;
  return new AnnexError('internal', 'Something in Annex went wrong.', {}, { cause }).toWire();
}
