import { z } from 'zod';

/** Settings of the interface. The host keeps the record; unknown or damaged values fall back one by one. */
export const settingsSchema = z.object({
  theme: z.enum(['system', 'dark', 'light']).catch('system'),
  language: z.enum(['system', 'en', 'zh-CN']).catch('system'),
  /** Modifiers that, let go together with no third key, release captured input. */
  releaseKeys: z.enum(['ctrl-alt', 'right-ctrl', 'ctrl-shift']).catch('ctrl-alt'),
  /** How a guest screen is fitted to the window. */
  scaling: z.enum(['fit', 'original', 'integer']).catch('fit'),
  sidebarWidth: z.number().min(200).max(420).catch(264),
  /** Whether the wizard shows its advanced part. */
  wizardAdvanced: z.boolean().catch(false),
  collapsedFolders: z.array(z.string()).catch([]),
});
export type Settings = z.infer<typeof settingsSchema>;

export const DEFAULT_SETTINGS: Settings = settingsSchema.parse({});

export function parseSettings(record: Record<string, unknown>): Settings {
  return settingsSchema.parse(record);
}
