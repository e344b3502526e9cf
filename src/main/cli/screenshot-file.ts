import { writeFile } from 'node:fs/promises';
import { AnnexError } from '../../shared/contract/errors.js';
import { UsageError } from './usage-error.js';

/** What pictures are taken of. */
export interface ScreenSource {
  png(): Promise<string>;
  text(): Promise<string | null>;
}

/** @throws UsageError for a name that is neither `.png` nor `.txt` */
export function checkScreenshotName(file: string): void {
  if (!/\.(png|txt)$/i.test(file)) throw new UsageError(`"${file}" must end in .png (picture) or .txt (characters).`);
}

/** Writes the screen to a file: a picture, or its characters if the name ends in `.txt`. */
export async function writeScreenshot(file: string, screen: ScreenSource): Promise<void> {
  if (/\.png$/i.test(file)) return writeFile(file, Buffer.from(await screen.png(), 'base64'));
  const text = await screen.text();
  if (text === null)
    throw new AnnexError('not-supported', 'The screen shows graphics, so it has no characters. Use a .png name.');
  return writeFile(file, text.endsWith('\n') ? text : `${text}\n`);
}
