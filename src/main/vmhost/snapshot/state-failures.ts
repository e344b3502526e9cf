import path from 'node:path';
import { AnnexError, type ErrorCode } from '../../../shared/contract/errors.js';
import { StateError, type StateErrorCode } from '../../vmm/snapshot/state-error.js';
import { errorOfFile } from '../vm-errors.js';

const CODES: Readonly<Record<StateErrorCode, ErrorCode>> = {
  damaged: 'state-damaged',
  newer: 'state-newer',
  unsupported: 'state-unsupported',
  mismatch: 'state-mismatch',
};

const ADVICE: Readonly<Record<StateErrorCode, string>> = {
  damaged: 'Go back to another snapshot, or start the machine without it.',
  newer: 'Update Annex to use it.',
  unsupported: 'Use the Node that came with Annex.',
  mismatch: 'Give the machine the settings it was saved with.',
};

/** Why a saved state cannot be used, as the contract's error. */
export function errorOfState(error: unknown, file: string): AnnexError {
  if (!(error instanceof StateError)) return errorOfFile(error, file);
  const name = path.basename(file);
  const { code, message } = error;
  const sentence = `${message.charAt(0).toUpperCase()}${message.slice(1)}. ${ADVICE[code]}`;
  return new AnnexError(CODES[code], sentence, { name }, { cause: error });
}
