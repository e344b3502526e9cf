import { describe, expect, it } from 'vitest';
import { dayOfWeek, fromEpochSeconds, toEpochSeconds } from './calendar.js';

describe('calendar', () => {
  it('agrees with the host for every tenth day of 400 years', () => {
    const wrong: string[] = [];
    for (let day = -73_000; day < 73_000; day += 10) {
      const seconds = day * 86_400 + 45_296;
      const host = new Date(seconds * 1000);
      const time = fromEpochSeconds(seconds);
      const agrees =
        time.year === host.getUTCFullYear() &&
        time.month === host.getUTCMonth() + 1 &&
        time.day === host.getUTCDate() &&
        `${time.hour}:${time.minute}:${time.second}` === '12:34:56' &&
        toEpochSeconds(time) === seconds &&
        dayOfWeek(seconds) === host.getUTCDay() + 1;
      if (!agrees) wrong.push(host.toISOString());
    }
    expect(wrong).toEqual([]);
  });

  it('carries fields beyond their range', () => {
    expect(fromEpochSeconds(toEpochSeconds({ year: 2023, month: 2, day: 31, hour: 0, minute: 0, second: 0 }))).toEqual({
      year: 2023, month: 3, day: 3, hour: 0, minute: 0, second: 0,
    }); // prettier-ignore
  });
});
