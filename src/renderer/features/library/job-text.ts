import type { JobView } from '../../../shared/contract/events.js';
import type { MessageKey } from '../../app/i18n/en.js';
import type { Translate } from '../../app/i18n/use-text.js';
import type { Formats } from '../../composables/formats.js';

const TITLES: Readonly<Record<JobView['kind'], MessageKey>> = {
  'demo': 'job.demo',
  'upload': 'job.upload',
  'create-disk': 'job.createDisk',
  'checksum': 'job.checksum',
  'import': 'job.import',
  'export': 'job.export',
  'snapshot-take': 'job.snapshotTake',
  'snapshot-revert': 'job.snapshotRevert',
  'snapshot-merge': 'job.snapshotMerge',
  'snapshot-compare': 'job.snapshotCompare',
  'suspend': 'job.suspend',
  'clone': 'job.clone',
  'disk-grow': 'job.diskGrow',
  'disk-compact': 'job.diskCompact',
  'disk-convert': 'job.diskConvert',
  'disk-check': 'job.diskCheck',
};

export function jobTitle(job: JobView, t: Translate): string {
  return t(TITLES[job.kind], { title: job.title });
}

/** Bytes done, bytes in all and time left, as far as they are known. */
export function jobFigures(job: JobView, secondsLeft: number | null, t: Translate, formats: Formats): string {
  const done = formats.bytes(job.doneBytes);
  const parts = [
    job.totalBytes === null
      ? job.doneBytes > 0
        ? done
        : ''
      : t('job.progress', { done, total: formats.bytes(job.totalBytes) }),
    secondsLeft === null ? '' : t('job.timeLeft', { time: formats.duration(Math.max(1, secondsLeft)) }),
  ];
  return formats.list(parts);
}
