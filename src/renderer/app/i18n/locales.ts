/** Languages of the interface, by BCP 47 tag. */
export const LOCALES = ['en', 'zh-CN'] as const;
export type Locale = (typeof LOCALES)[number];

/** Each language by its own name, so that a person finds theirs. */
export const LOCALE_NAMES: Readonly<Record<Locale, string>> = { 'en': 'English', 'zh-CN': '简体中文' };

/** The first of the system's languages that is spoken here. */
export function pickLocale(preferred: readonly string[]): Locale {
  for (const tag of preferred) {
    const language = tag.toLowerCase().split('-')[0];
    if (language === 'zh') return 'zh-CN';
    if (language === 'en') return 'en';
  }
  return 'en';
}
