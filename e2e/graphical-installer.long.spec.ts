import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { debianInstallerIso } from '../src/testing/boot-media.js';
import { debianMissing } from '../src/testing/debian-packages.js';
import { browserMissing } from './harness/browser.js';
import { ServedApp } from './harness/served-app.js';
import { AnnexPage } from './pages/annex-page.js';
import { GuestScreen } from './pages/guest-screen.js';

const BOOT_MS = 10 * 60_000;
const ANSWER_MS = 3 * 60_000;

/** The installer's screen: 1024 × 768, its questions between the banner and the buttons. */
const TITLE = { x: 0, y: 80, width: 500, height: 40 };
/** A column of the list of answers that no text reaches. */
const LIST_COLUMN = { x: 900, y: 172, width: 1, height: 530 };
const CONTINUE = { x: 963, y: 742 };

/** The teal of the chosen row of a list. */
const isHighlight = (colour: number): boolean => {
  const [red, green, blue] = [colour >> 16, (colour >> 8) & 0xff, colour & 0xff];
  return green > red + 60 && blue > red + 40;
};

describe.skipIf(browserMissing || debianMissing())(
  'the graphical Debian installer (skipped without Chromium or apt)',
  () => {
    let app: ServedApp;
    let annex: AnnexPage;
    let screen: GuestScreen;

    beforeAll(async () => {
      app = await ServedApp.start();
      app.page.setDefaultTimeout(60_000);
      annex = new AnnexPage(app.page);
      screen = new GuestScreen(app.page);
    });

    afterAll(() => app?.stop());

    /** Middle of the chosen row in the list of answers; undefined while there is no such list. */
    async function chosenRow(): Promise<number | undefined> {
      if ((await screen.size()).height !== 768) return undefined;
      const rows = (await screen.colours(LIST_COLUMN)).flatMap((colour, y) => (isHighlight(colour) ? [y] : []));
      return rows.length === 0 ? undefined : LIST_COLUMN.y + (rows[0]! + rows.at(-1)!) / 2;
    }

    const title = async (): Promise<string> => (await screen.colours(TITLE)).join();

    /** Points at a row of the list and clicks; the row must be the one that is chosen then. */
    async function choose(y: number): Promise<void> {
      await screen.click(300, y);
      const chosen = async () => Math.abs(((await chosenRow()) ?? 0) - y) < 12;
      await screen.waitFor(`the row at ${y} chosen`, chosen, ANSWER_MS);
    }

    /** Clicks Continue and waits for the next question with a list of answers. */
    async function goOn(): Promise<void> {
      const before = await title();
      await screen.click(CONTINUE.x, CONTINUE.y);
      const next = async () => (await title()) !== before && (await chosenRow()) !== undefined;
      await screen.waitFor('the next question', next, ANSWER_MS);
    }

    it('comes up to its first question, English chosen', async () => {
      await annex.createFrom(await debianInstallerIso('amd64', 'gtk'), { name: 'installer', start: true });
      await screen.waitFor('the languages', async () => (await chosenRow()) !== undefined, BOOT_MS);
      await screen.keep('installer-language');
    });

    it('takes a language where the person points, without holding the pointer', async () => {
      // Finnish, then German.
      await choose(508);
      await choose(600);
      expect(await app.page.evaluate(() => document.pointerLockElement)).toBeNull();
      await screen.keep('installer-german');
    });

    it('asks for the location, in that language, and takes one by the mouse', async () => {
      await goOn();
      await screen.keep('installer-location');
      const first = await chosenRow();
      // Two rows further down.
      await choose(first! + 46);
      await goOn();
      await screen.keep('installer-keyboard');
    });
  },
);
