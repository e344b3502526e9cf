/** Colours of one theme. Every value of the interface comes from here: CSS custom properties and naive-ui alike. */
export interface Palette {
  readonly surface0: string;
  readonly surface1: string;
  readonly surface2: string;
  readonly surface3: string;
  readonly surface4: string;
  readonly surface5: string;
  readonly surfacePop: string;
  readonly well: string;
  readonly line: string;
  readonly lineStrong: string;
  readonly lineControl: string;
  readonly text1: string;
  readonly text2: string;
  readonly text3: string;
  readonly textOff: string;
  readonly onAccent: string;
  readonly accent: string;
  readonly accentHover: string;
  readonly accentPress: string;
  readonly accentText: string;
  readonly accentSoft: string;
  readonly focus: string;
  readonly running: string;
  readonly runningSoft: string;
  readonly success: string;
  readonly successSoft: string;
  readonly warning: string;
  readonly warningSoft: string;
  readonly danger: string;
  readonly dangerSoft: string;
  readonly dangerFill: string;
  readonly data1: string;
  readonly data2: string;
  readonly data3: string;
  readonly data4: string;
  readonly data5: string;
  readonly tier1: string;
  readonly tier2: string;
  readonly tier3: string;
  readonly shadowPop: string;
  readonly shadowDialog: string;
  readonly scrim: string;
}

export type ThemeName = 'dark' | 'light';

export const PALETTES: Readonly<Record<ThemeName, Palette>> = {
  dark: {
    surface0: '#121418',
    surface1: '#171a1f',
    surface2: '#1c1f25',
    surface3: '#22262d',
    surface4: '#2b3038',
    surface5: '#353b45',
    surfacePop: '#272c34',
    well: '#0b0c0e',
    line: '#2a2f37',
    lineStrong: '#3d444f',
    lineControl: '#737d8b',
    text1: '#e8ebf0',
    text2: '#b3bbc7',
    text3: '#98a1af',
    textOff: '#5d6673',
    onAccent: '#ffffff',
    accent: '#356acf',
    accentHover: '#3b71d9',
    accentPress: '#2f60be',
    accentText: '#86b0fa',
    accentSoft: '#24334f',
    focus: '#7aa8ff',
    running: '#4fc08d',
    runningSoft: '#1d3a2f',
    success: '#4fc08d',
    successSoft: '#1d3a2f',
    warning: '#e0b052',
    warningSoft: '#3b3220',
    danger: '#f27d76',
    dangerSoft: '#432726',
    dangerFill: '#c2423b',
    data1: '#6b9bf2',
    data2: '#4fb3a5',
    data3: '#d9a557',
    data4: '#a58be0',
    data5: '#7c8796',
    tier1: '#717d8e',
    tier2: '#4d78c4',
    tier3: '#8db5fb',
    shadowPop: '0 0 0 1px #3d444f, 0 8px 24px rgba(0, 0, 0, .45)',
    shadowDialog: '0 0 0 1px #3d444f, 0 24px 64px rgba(0, 0, 0, .6)',
    scrim: 'rgba(8, 9, 11, .62)',
  },
  light: {
    surface0: '#e6e8ec',
    surface1: '#f1f2f5',
    surface2: '#fafafb',
    surface3: '#ffffff',
    surface4: '#e9ebef',
    surface5: '#dcdfe5',
    surfacePop: '#ffffff',
    well: '#cdd1d8',
    line: '#dfe2e7',
    lineStrong: '#c3c8d0',
    lineControl: '#858d99',
    text1: '#1a1e25',
    text2: '#444c58',
    text3: '#5f6875',
    textOff: '#9aa2ae',
    onAccent: '#ffffff',
    accent: '#2a63cf',
    accentHover: '#2257bd',
    accentPress: '#1c4aa3',
    accentText: '#2057bf',
    accentSoft: '#dde8fb',
    focus: '#2a63cf',
    running: '#0f7044',
    runningSoft: '#dcf1e6',
    success: '#0f7044',
    successSoft: '#dcf1e6',
    warning: '#8a5a00',
    warningSoft: '#fbefd5',
    danger: '#b8332d',
    dangerSoft: '#fae3e1',
    dangerFill: '#c2362f',
    data1: '#3f74d8',
    data2: '#1f8f80',
    data3: '#b97a14',
    data4: '#7a5bc7',
    data5: '#7a8492',
    tier1: '#858e9b',
    tier2: '#6690e0',
    tier3: '#2a63cf',
    shadowPop: '0 0 0 1px #c9ced6, 0 8px 24px rgba(22, 28, 38, .16)',
    shadowDialog: '0 0 0 1px #c9ced6, 0 24px 64px rgba(22, 28, 38, .28)',
    scrim: 'rgba(32, 38, 48, .34)',
  },
};

/** `prefers-contrast: more` raises hairlines, control borders and captions by one step. */
export function raiseContrast(palette: Palette): Palette {
  return { ...palette, line: palette.lineStrong, lineStrong: palette.lineControl, text3: palette.text2 };
}
