import { AnnexError, type WireError } from '../../shared/contract/errors.js';
import type { Locale } from '../app/i18n/locales.js';
import type { Translate } from '../app/i18n/use-text.js';

/** Any thrown value as the error the interface shows. */
export function toWireError(thrown: unknown): WireError {
  if (thrown instanceof AnnexError) return thrown.toWire();
  return { code: 'internal', message: '', cause: thrown instanceof Error ? thrown.message : String(thrown) };
}

/** The host's sentence names paths and figures, in English; other languages translate by code. */
export function errorSentence(error: WireError, locale: Locale, t: Translate): string {
  if (locale === 'en' && error.message !== '') return error.message;
  return t(`error.${error.code}`, error.details);
}

/** What "Copy details" puts on the clipboard. */
export function errorDetails(error: WireError): string {
  const details = Object.entries(error.details ?? {}).map(([key, value]) => `${key}: ${value}`);
  return [`${error.code}: ${error.message}`, ...details, ...(error.cause ? [`cause: ${error.cause}`] : [])].join('\n');
}
