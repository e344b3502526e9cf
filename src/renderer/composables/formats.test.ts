import { describe, expect, it } from 'vitest';
import { createFormats } from './formats.js';

const echo = (key: string, values: Record<string, string | number> = {}) =>
  [key, ...Object.entries(values).map(([k, v]) => `${k}=${v}`)].join(' ');
const en = createFormats('en', echo);

describe('formats', () => {
  it('writes sizes with at most one decimal', () => {
    expect(en.bytes(0)).toBe('0 B');
    expect(en.bytes(999)).toBe('999 B');
    expect(en.bytes(7_940_000_000)).toBe('7.9 GB');
    expect(en.bytes(412_000_000_000)).toBe('412 GB');
    expect(en.binaryBytes(24 * 2 ** 30)).toBe('24 GiB');
    expect(en.binaryBytes(1.5 * 2 ** 30)).toBe('1.5 GiB');
  });

  it('moves to the next unit instead of writing a thousand', () => {
    expect(en.bytes(999_999)).toBe('1 MB');
    expect(en.count(999_990)).toBe('1 M');
  });

  it('writes counts', () => {
    expect(en.count(18_400)).toBe('18.4 k');
    expect(en.count(384_200_000)).toBe('384 M');
    expect(en.count(7)).toBe('7');
  });

  it('writes durations by their two largest units', () => {
    expect(en.duration(59.9)).toBe('unit.seconds n=59');
    expect(en.duration(8_040)).toBe('unit.hoursMinutes h=2 m=14');
    expect(en.duration(90_000)).toBe('unit.daysHours d=1 h=1');
  });

  it('separates as the language does', () => {
    const zh = createFormats('zh-CN', echo);
    expect(en.list(['a', '', 'b'])).toBe('a, b');
    expect(zh.list(['a', 'b'])).toBe('a，b');
    expect([en.pair('a', 'b'), zh.pair('a', 'b')]).toEqual(['a: b', 'a：b']);
  });

  it('names the day when it is near', () => {
    const now = new Date(2025, 5, 18, 14, 32).getTime();
    expect(en.moment(new Date(2025, 5, 18, 9, 5).getTime(), now)).toBe('unit.today time=09:05');
    expect(en.moment(new Date(2025, 5, 17, 18, 42).getTime(), now)).toBe('unit.yesterday time=18:42');
    expect(en.moment(new Date(2025, 5, 2, 10, 12).getTime(), now)).toBe('unit.onDate date=June 2, 2025');
  });
});
