import { expect, it } from 'vitest';
import { typeText } from './us-layout.js';

it('types every printable ASCII character and says what it cannot', () => {
  const ascii = String.fromCharCode(...Array.from({ length: 95 }, (_, i) => 32 + i));
  expect(typeText(`${ascii}\t\n`)).toMatchObject({ skipped: '' });
  expect(typeText(`${ascii}é中`).strokes).toHaveLength(95);
  expect(typeText('aé中').skipped).toBe('é中');
});

it('holds Shift around shifted characters and leaves no key down', () => {
  expect(typeText('A').strokes[0]!.map((e) => (e.type === 'key' ? `${e.down ? '+' : '-'}${e.code}` : ''))).toEqual([
    '+ShiftLeft',
    '+KeyA',
    '-KeyA',
    '-ShiftLeft',
  ]);
});

it('takes any line end as one Enter', () => {
  expect(typeText('\r\n\r\n').strokes).toHaveLength(2);
});
