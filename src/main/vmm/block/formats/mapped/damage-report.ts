import { ImageError } from '../../disk-image.js';
import type { CheckReport } from '../format-driver.js';

/** What a look at an image found, if it could be understood at all. */
export interface Findings {
  readonly leaks: number;
  readonly repairedLeaks: number;
  readonly repairedErrors: number;
}

/** The findings as a report; damage that ends the look counts as an error. */
export async function damageReport(look: () => Promise<Findings>): Promise<CheckReport> {
  try {
    return { errors: 0, problems: [], ...(await look()) };
  } catch (error) {
    if (!(error instanceof ImageError)) throw error;
    return { errors: 1, leaks: 0, repairedErrors: 0, repairedLeaks: 0, problems: [error.message] };
  }
}
