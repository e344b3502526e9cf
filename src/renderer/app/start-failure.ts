import { en } from './i18n/en.js';
import { pickLocale } from './i18n/locales.js';
import { zhCN } from './i18n/zh-CN.js';
import { customProperties } from './theme/custom-properties.js';
import { PALETTES } from './theme/palette.js';

/** Says why there is no window content, when the host cannot be reached at all. */
export function showStartFailure(cause: unknown): void {
  const messages = pickLocale(navigator.languages) === 'zh-CN' ? zhCN : en;
  const dark = matchMedia('(prefers-color-scheme: dark)').matches;
  for (const [property, value] of customProperties(PALETTES[dark ? 'dark' : 'light']))
    document.documentElement.style.setProperty(property, value);
  const text = document.createElement('p');
  text.setAttribute('role', 'alert');
  text.style.cssText = 'max-width: 460px; margin: 30vh auto 12px; padding: 0 20px';
  text.textContent = messages.app.connectFailed;
  const detail = document.createElement('p');
  detail.style.cssText = 'max-width: 460px; margin: 0 auto; padding: 0 20px; color: var(--text-3); user-select: text';
  detail.textContent = cause instanceof Error ? cause.message : String(cause);
  document.getElementById('app')?.replaceChildren(text, detail);
}
