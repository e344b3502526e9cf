import type { MessageKey } from '../app/i18n/en.js';
import type { Translate } from '../app/i18n/use-text.js';

const MARK = '\u0001';

/** The text before and after one named value, so that the value can be an element. */
export function partsAround(t: Translate, key: MessageKey, name: string): readonly [string, string] {
  const [before = '', after = ''] = t(key, { [name]: MARK }).split(MARK);
  return [before, after];
}
