/** A moment of the proleptic Gregorian calendar. */
export interface CalendarTime {
  readonly year: number;
  /** 1–12. */
  readonly month: number;
  /** 1–31. */
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
}

const DAY_SECONDS = 86_400;
/** Days from 0000-03-01 to 1970-01-01, and in 400 years. */
const EPOCH_DAY = 719_468;
const ERA_DAYS = 146_097;

/** Seconds since 1970-01-01T00:00:00. Fields beyond their range carry over, as in 31 February. */
export function toEpochSeconds(time: CalendarTime): number {
  // Years that begin in March put the leap day last.
  const shifted = time.month <= 2 ? time.year - 1 : time.year;
  const era = Math.floor(shifted / 400);
  const yearOfEra = shifted - era * 400;
  const dayOfYear = Math.floor((153 * ((time.month + 9) % 12) + 2) / 5) + time.day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  const days = era * ERA_DAYS + dayOfEra - EPOCH_DAY;
  return days * DAY_SECONDS + time.hour * 3600 + time.minute * 60 + time.second;
}

/** @param seconds since 1970-01-01T00:00:00, whole */
export function fromEpochSeconds(seconds: number): CalendarTime {
  const days = Math.floor(seconds / DAY_SECONDS) + EPOCH_DAY;
  const inDay = seconds - Math.floor(seconds / DAY_SECONDS) * DAY_SECONDS;
  const era = Math.floor(days / ERA_DAYS);
  const dayOfEra = days - era * ERA_DAYS;
  const leapDays = Math.floor(dayOfEra / 1460) - Math.floor(dayOfEra / 36_524) + Math.floor(dayOfEra / 146_096);
  const yearOfEra = Math.floor((dayOfEra - leapDays) / 365);
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const marchMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9;
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * marchMonth + 2) / 5) + 1,
    hour: Math.floor(inDay / 3600),
    minute: Math.floor(inDay / 60) % 60,
    second: inDay % 60,
  };
}

/** Day of the week of a moment, 1 = Sunday … 7 = Saturday. */
export function dayOfWeek(seconds: number): number {
  const thursdayBased = Math.floor(seconds / DAY_SECONDS) + 4;
  return (((thursdayBased % 7) + 7) % 7) + 1;
}
