import path from 'node:path';
import { AnnexError, type ErrorCode } from '../../shared/contract/errors.js';
import { FileError, ImageError, type FileErrorCode } from '../vmm/block/disk-image.js';
import { KvmError } from '../vmm/cpu/kvm/kvm-error.js';
import { FirmwareError } from '../vmm/firmware/firmware.js';
import { fileError } from './files/file-errors.js';

const FILE_CODES: Readonly<Record<FileErrorCode, ErrorCode>> = {
  'no-space': 'no-space',
  'io-error': 'io-error',
  'read-only': 'no-permission',
  'not-found': 'media-not-found',
  'no-permission': 'no-permission',
  'locked': 'image-locked',
};

const FILE_SENTENCES: Readonly<Record<FileErrorCode, (name: string) => string>> = {
  'no-space': (name) => `There is no room for "${name}". Free some space and try again.`,
  'io-error': (name) => `"${name}" could not be read or written.`,
  'read-only': (name) => `"${name}" cannot be written to. Change its permissions, or make the drive read-only.`,
  'not-found': (name) => `"${name}" is not there any more. Choose another file.`,
  'no-permission': (name) => `You may not use "${name}". Change its permissions.`,
  'locked': (name) => `"${name}" is in use by another machine. Stop that machine first.`,
};

/** What went wrong with a file of the machine, as the contract's error. */
export function errorOfFile(error: unknown, file: string): AnnexError {
  if (error instanceof AnnexError) return error;
  const name = path.basename(file);
  if (error instanceof ImageError)
    return new AnnexError(error.code, `"${name}": ${error.message}`, { name }, { cause: error });
  const { code } = error instanceof FileError ? error : fileError(error);
  return new AnnexError(FILE_CODES[code], FILE_SENTENCES[code](name), { name }, { cause: error });
}

/** What went wrong while a machine was built, as code and sentence. */
export function buildFailure(error: unknown): {
  code: 'internal' | 'kernel-invalid' | 'memory-too-large' | 'engine-unavailable';
  message: string;
} {
  if (error instanceof FirmwareError && error.code === 'kernel-invalid') return { code: 'kernel-invalid', message: error.message };
  if (error instanceof FirmwareError) return { code: 'internal', message: error.message };
  if (error instanceof KvmError)
    return { code: 'engine-unavailable', message: `KVM cannot run this machine: ${error.message}. Choose the automatic engine.` };
  if (error instanceof RangeError && /memory/i.test(error.message))
    return { code: 'memory-too-large', message: "This computer cannot give the machine that much memory. Make the machine's memory smaller." };
  return { code: 'internal', message: error instanceof Error ? (error.stack ?? error.message) : String(error) };
} // prettier-ignore

/** What was wrong with a saved state that a machine could not take over, as code and sentence. */
export function loadFailure(error: unknown): {
  code: 'state-mismatch' | 'state-damaged' | 'engine-unavailable';
  message: string;
} {
  if (error instanceof KvmError)
    return {
      code: 'engine-unavailable',
      message: `KVM cannot go on with this state: ${error.message}. Choose the engine it was saved under.`,
    };
  if (error instanceof RangeError)
    return {
      code: 'state-mismatch',
      message: `The state does not fit this machine: ${error.message}. Give the machine the settings it was saved with.`,
    };
  return {
    code: 'state-damaged',
    message: 'The saved state is damaged. Go back to another snapshot, or start the machine without it.',
  };
}
