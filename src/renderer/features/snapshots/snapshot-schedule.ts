import type { MachineConfig } from '../../../shared/config/machine-config.js';
import type { MessageKey } from '../../app/i18n/en.js';
import type { Translate } from '../../app/i18n/use-text.js';

export type Schedule = NonNullable<MachineConfig['autoSnapshots']>;

/** How often, in words. */
export const INTERVAL_LABELS: Readonly<Record<Schedule['every'], MessageKey>> = {
  'half-hour': 'snapshots.everyHalfHour',
  'hour': 'snapshots.everyHour',
  'day': 'snapshots.everyDay',
};

/** A machine's schedule as its button says it. */
export function scheduleLabel(schedule: Schedule | null, t: Translate): string {
  if (!schedule) return t('snapshots.scheduleOff');
  return t('snapshots.schedule', { every: t(INTERVAL_LABELS[schedule.every]), n: schedule.keep });
}
