import type { FromDiskJob } from '../../../shared/disk-jobs/protocol.js';
import { connectToParent } from '../parent-link.js';
import { DiskJobProcess } from './disk-job-process.js';

process.title = `annex-disk ${process.argv[2] ?? ''}`;
new DiskJobProcess(connectToParent<FromDiskJob>(), (code) => process.exit(code));
