import { usePreferredContrast, usePreferredDark } from '@vueuse/core';
import { darkTheme, type GlobalTheme, type GlobalThemeOverrides } from 'naive-ui';
import { computed, inject, watchEffect, type ComputedRef, type InjectionKey } from 'vue';
import { useSettingsStore } from '../../stores/settings.js';
import { customProperties } from './custom-properties.js';
import { naiveOverrides } from './naive-overrides.js';
import { PALETTES, raiseContrast, type Palette, type ThemeName } from './palette.js';

export interface AppliedTheme {
  readonly name: ComputedRef<ThemeName>;
  readonly palette: ComputedRef<Palette>;
  readonly naive: ComputedRef<GlobalTheme | null>;
  readonly overrides: ComputedRef<GlobalThemeOverrides>;
}

export const themeKey: InjectionKey<AppliedTheme> = Symbol('theme');

/** Follows the setting and the system, and writes the custom properties of the chosen palette to the root element. */
export function useApplyTheme(): AppliedTheme {
  const settings = useSettingsStore();
  const systemDark = usePreferredDark();
  const contrast = usePreferredContrast();
  const name = computed<ThemeName>(() => {
    if (settings.values.theme !== 'system') return settings.values.theme;
    return systemDark.value ? 'dark' : 'light';
  });
  const palette = computed(() => {
    const plain = PALETTES[name.value];
    return contrast.value === 'more' ? raiseContrast(plain) : plain;
  });
  watchEffect(() => {
    const root = document.documentElement;
    root.dataset['theme'] = name.value;
    root.style.colorScheme = name.value;
    for (const [property, value] of customProperties(palette.value)) root.style.setProperty(property, value);
  });
  return {
    name,
    palette,
    naive: computed(() => (name.value === 'dark' ? darkTheme : null)),
    overrides: computed(() => naiveOverrides(palette.value)),
  };
}

/** The theme applied by the root component; for what paints outside CSS (charts, terminals). */
export function useTheme(): AppliedTheme {
  const theme = inject(themeKey);
  if (!theme) throw new Error('useTheme needs the root component above it');
  return theme;
}
