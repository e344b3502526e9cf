import { computed, type ComputedRef } from 'vue';
import { useI18n } from 'vue-i18n';
import { createFormats, type Formats } from '../../composables/formats.js';
import type { MessageKey } from './en.js';
import type { Locale } from './locales.js';

type Values = Readonly<Record<string, string | number>>;

/** Typed access to messages; a key that does not exist is a compile error. */
export type Translate = (key: MessageKey, values?: Values) => string;

export interface Text {
  readonly t: Translate;
  /** Chooses the plural form by `n`, which the message can name. */
  readonly plural: (key: MessageKey, n: number, values?: Values) => string;
  readonly locale: ComputedRef<Locale>;
  readonly formats: ComputedRef<Formats>;
}

export function useText(): Text {
  const i18n = useI18n({ useScope: 'global' });
  const t: Translate = (key, values) => i18n.t(key, values ?? {});
  const locale = computed(() => i18n.locale.value as Locale);
  return {
    t,
    plural: (key, n, values) => i18n.t(key, { n, ...values }, n),
    locale,
    formats: computed(() => createFormats(locale.value, t)),
  };
}
