import type { Locale } from '../../app/i18n/locales.js';

/** Counters with a settled name; others are shown by their key. */
const NAMES: Readonly<Record<string, { readonly 'en': string; readonly 'zh-CN': string }>> = {
  'port': { 'en': 'Port I/O', 'zh-CN': '端口 I/O' },
  'port-io': { 'en': 'Port I/O', 'zh-CN': '端口 I/O' },
  'io': { 'en': 'Port I/O', 'zh-CN': '端口 I/O' },
  'mmio': { 'en': 'MMIO', 'zh-CN': 'MMIO' },
  'halt': { 'en': 'Halt', 'zh-CN': '停机' },
  'interrupt': { 'en': 'Interrupts', 'zh-CN': '中断' },
  'budget': { 'en': 'Time slice', 'zh-CN': '时间片' },
  'timer': { 'en': 'Timer', 'zh-CN': '定时器' },
  'keyboard': { 'en': 'Keyboard', 'zh-CN': '键盘' },
  'ide': { 'en': 'IDE', 'zh-CN': 'IDE' },
};

/** `tlb-misses` or `tlbMisses` → `Tlb misses`, where no name is settled. */
export function counterLabel(key: string, locale: Locale): string {
  const settled = NAMES[key]?.[locale];
  if (settled) return settled;
  const words = key
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .replaceAll(/[-_.]/g, ' ')
    .toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}
