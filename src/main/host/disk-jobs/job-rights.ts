import path from 'node:path';
import type { DiskJobRequest } from '../../../shared/disk-jobs/protocol.js';

/** Folders a job's process may write to: those of the images it changes, where it also makes locks and new files. */
export function writableFolders(request: DiskJobRequest): string[] {
  return [...new Set(changedFiles(request).map((file) => path.dirname(file)))];
}

function changedFiles(request: DiskJobRequest): string[] {
  switch (request.job) {
    case 'info':
    case 'compare':
    case 'compare-memory':
      return [];
    case 'create':
    case 'convert':
      return [request.path];
    case 'resize':
    case 'compact':
    case 'rebase':
      return [request.image.path];
    case 'check':
      return request.repair === 'none' ? [] : [request.image.path];
    case 'merge-up':
    case 'merge-down':
      return [request.child.path, request.layer];
    case 'merge-state':
      return [request.state];
  }
}
