import type { AnnexClient } from '../../shared/contract/client.js';
import { AnnexError, wireErrorSchema } from '../../shared/contract/errors.js';
import { mediaViewSchema, type MediaView } from '../../shared/contract/host-view.js';
import { UPLOAD_PATH } from '../../shared/contract/wire.js';

export interface ImportProgress {
  readonly doneBytes: number;
  readonly totalBytes: number;
}

export interface FileImport {
  readonly result: Promise<MediaView>;
  cancel(): void;
}

/**
 * Makes a dropped file a medium of the host: in the desktop window by its path, without copying; in a browser by
 * sending its bytes, as the host cannot see them otherwise.
 */
export function importFile(
  client: AnnexClient,
  file: File,
  onProgress: (progress: ImportProgress) => void,
): FileImport {
  const path = window.desktop?.pathForFile(file);
  if (path) return { result: client.request('media.add', { path }), cancel: () => undefined };
  return upload(file, onProgress);
}

function upload(file: File, onProgress: (progress: ImportProgress) => void): FileImport {
  const request = new XMLHttpRequest();
  const result = new Promise<MediaView>((resolve, reject) => {
    request.upload.onprogress = (event) => onProgress({ doneBytes: event.loaded, totalBytes: file.size });
    request.onload = () => {
      try {
        resolve(readReply(request));
      } catch (error) {
        reject(error as Error);
      }
    };
    request.onerror = () => reject(new AnnexError('io-error', 'The file could not be sent to the host; try again.'));
    request.onabort = () => reject(new AnnexError('cancelled', 'Cancelled.'));
  });
  request.open('POST', `${UPLOAD_PATH}?name=${encodeURIComponent(file.name)}`);
  request.setRequestHeader('Content-Type', 'application/octet-stream');
  request.send(file);
  return { result, cancel: () => request.abort() };
}

function readReply(request: XMLHttpRequest): MediaView {
  const body: unknown = JSON.parse(request.responseText);
  if (request.status === 200) return mediaViewSchema.parse(body);
  const error = wireErrorSchema.safeParse(body);
  throw error.success
    ? AnnexError.fromWire(error.data)
    : new AnnexError('io-error', `The host refused the file (${request.status}).`);
}
