import { createI18n } from 'vue-i18n';
import { en } from './en.js';
import type { Locale } from './locales.js';
import { zhCN } from './zh-CN.js';

export function createMessages(locale: Locale) {
  return createI18n({
    legacy: false,
    locale,
    fallbackLocale: 'en',
    messages: { en, 'zh-CN': zhCN },
  });
}
