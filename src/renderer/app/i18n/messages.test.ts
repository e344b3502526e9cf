import { describe, expect, it } from 'vitest';
import { ERROR_CODES } from '../../../shared/contract/errors.js';
import { en } from './en.js';
import { pickLocale } from './locales.js';
import { zhCN } from './zh-CN.js';

interface Tree {
  readonly [key: string]: string | Tree;
}

function leaves(tree: Tree, prefix = ''): Map<string, string> {
  const found = new Map<string, string>();
  for (const [key, value] of Object.entries(tree)) {
    const path = prefix === '' ? key : `${prefix}.${key}`;
    if (typeof value === 'string') found.set(path, value);
    else for (const [inner, text] of leaves(value, path)) found.set(inner, text);
  }
  return found;
}

const placeholders = (text: string) => [...new Set(text.match(/\{\w+\}/g) ?? [])].sort();

describe('messages', () => {
  const english = leaves(en);
  const chinese = leaves(zhCN as Tree);

  it('has the same keys in every language', () => {
    expect([...chinese.keys()].sort()).toEqual([...english.keys()].sort());
  });

  it('names the same values in every language', () => {
    for (const [key, text] of english)
      expect([key, placeholders(chinese.get(key)!)]).toEqual([key, placeholders(text)]);
  });

  it('leaves no message empty', () => {
    for (const [key, text] of [...english, ...chinese]) expect([key, text.trim()]).not.toEqual([key, '']);
  });

  it('has a sentence for every error code', () => {
    expect(Object.keys(en.error).sort()).toEqual(Object.keys(ERROR_CODES).sort());
  });
});

describe('pickLocale', () => {
  it('takes the first language that is spoken', () => {
    expect(pickLocale(['de-DE', 'zh-Hans-CN', 'en'])).toBe('zh-CN');
    expect(pickLocale(['fr'])).toBe('en');
  });
});
