/** `newer`: made by a later version. `unsupported`: in a form this host lacks. `mismatch`: of another kind of machine. */
export type StateErrorCode = 'damaged' | 'newer' | 'unsupported' | 'mismatch';

/** A saved state cannot be used; `message` says why in a sentence. */
export class StateError extends Error {
  override readonly name = 'StateError';
  constructor(
    readonly code: StateErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** Shorthand for what a file that lies about itself deserves. */
export function damaged(what: string, cause?: unknown): StateError {
  return new StateError('damaged', `the saved state is damaged: ${what}`, { cause });
}
