import type { Locale } from '../app/i18n/locales.js';
import type { Translate } from '../app/i18n/use-text.js';

const DECIMAL_UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'] as const;
const BINARY_UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;
const RATE_UNITS = ['', ' k', ' M', ' G', ' T'] as const;

/** Figures as the interface writes them, for one language. Sizes use a narrow form: `7.9 GB`, `24 GiB`, `18.4 k`. */
export interface Formats {
  /** Files and free space: powers of 1000. */
  bytes(n: number): string;
  /** Guest memory and virtual disks: powers of 1024. */
  binaryBytes(n: number): string;
  /** A rate or count: `384 M`, `6.1 k`. */
  count(n: number): string;
  percent(fraction: number): string;
  duration(seconds: number): string;
  /** A moment relative to now: today, yesterday, or a date. */
  moment(at: number, now?: number): string;
  /** Date and time to the minute. */
  exact(at: number): string;
  number(n: number): string;
  /** Parts of one remark, separated as the language does; empty parts are left out. */
  list(parts: readonly string[]): string;
  /** `name: value`, with the colon of the language. */
  pair(name: string, value: string): string;
}

/** Splits into a value below `step` and the index of its unit. */
function scale(n: number, step: number, units: number): { value: number; unit: number } {
  let value = n;
  let unit = 0;
  while (Math.abs(value) >= step * 0.9995 && unit < units - 1) {
    value /= step;
    unit++;
  }
  return { value, unit };
}

/** One decimal below ten (and below a hundred when `fine`), none above; no trailing `.0`. */
function figure(value: number, locale: Locale, fine: boolean): string {
  const digits = Math.abs(value) < (fine ? 99.95 : 9.95) ? 1 : 0;
  return value.toLocaleString(locale, { maximumFractionDigits: digits });
}

function sameDay(a: Date, b: Date): boolean {
  return a.getFullYear() === b.getFullYear() && a.getMonth() === b.getMonth() && a.getDate() === b.getDate();
}

export function createFormats(locale: Locale, t: Translate): Formats {
  const sized = (n: number, step: number, units: readonly string[], fine: boolean, gap: string) => {
    const { value, unit } = scale(n, step, units.length);
    return `${figure(value, locale, fine && unit > 0)}${gap}${units[unit]}`;
  };
  return {
    bytes: (n) => sized(n, 1000, DECIMAL_UNITS, true, ' '),
    binaryBytes: (n) => sized(n, 1024, BINARY_UNITS, true, ' '),
    count: (n) => sized(n, 1000, RATE_UNITS, true, ''),
    percent: (fraction) => `${Math.round(fraction * 100)} %`,
    exact: (at) => new Date(at).toLocaleString(locale, { dateStyle: 'medium', timeStyle: 'short', hour12: false }),
    number: (n) => n.toLocaleString(locale),
    list: (parts) => parts.filter((part) => part !== '').join(locale === 'zh-CN' ? '，' : ', '),
    pair: (name, value) => name + (locale === 'zh-CN' ? '：' : ': ') + value,
    duration(seconds) {
      const whole = Math.floor(seconds);
      if (whole < 60) return t('unit.seconds', { n: whole });
      const minutes = Math.floor(whole / 60);
      if (minutes < 60) return t('unit.minutes', { n: minutes });
      const hours = Math.floor(minutes / 60);
      if (hours < 24) return t('unit.hoursMinutes', { h: hours, m: String(minutes % 60).padStart(2, '0') });
      return t('unit.daysHours', { d: Math.floor(hours / 24), h: hours % 24 });
    },
    moment(at, now = Date.now()) {
      const date = new Date(at);
      const time = date.toLocaleTimeString(locale, { hour: '2-digit', minute: '2-digit', hour12: false });
      if (sameDay(date, new Date(now))) return t('unit.today', { time });
      if (sameDay(date, new Date(now - 86_400_000))) return t('unit.yesterday', { time });
      return t('unit.onDate', {
        date: date.toLocaleDateString(locale, { day: 'numeric', month: 'long', year: 'numeric' }),
      });
    },
  };
}
