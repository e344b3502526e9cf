import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { debianDesktopDisk, GARDEN_PAGE, WELCOME_PAGE } from '../src/testing/debian-desktop.js';
import { copyDisk } from '../src/testing/debian-disk.js';
import { debianDiskMissing } from '../src/testing/debian-image.js';
import { browserMissing } from './harness/browser.js';
import { ServedApp } from './harness/served-app.js';
import { AnnexPage } from './pages/annex-page.js';
import { GuestScreen, type Area } from './pages/guest-screen.js';

const BOOT_MS = 10 * 60_000;
const PROGRAM_MS = 3 * 60_000;
const missing = browserMissing ?? debianDiskMissing();

/** The desktop's screen: 1024 × 768. */
const TASK_BAR: Area = { x: 250, y: 745, width: 600, height: 18 };
const MENU_BUTTON = { x: 26, y: 752 };
/** What the menu covers when it is open, and its entries from the top. */
const MENU: Area = { x: 100, y: 572, width: 20, height: 160 };
const BROWSER_ENTRY = { x: 60, y: 581 };
const GAME_ENTRY = { x: 40, y: 601 };
const PAGE: Area = { x: 300, y: 300, width: 400, height: 300 };
/** Where the game's window comes up, in the corner above the task bar. */
const GAME_WINDOW: Area = { x: 20, y: 440, width: 220, height: 30 };

describe.skipIf(missing)(
  `a Debian desktop in the window${missing === undefined ? '' : ` (skipped: ${missing})`}`,
  () => {
    let folder: string;
    let app: ServedApp;
    let annex: AnnexPage;
    let screen: GuestScreen;

    beforeAll(async () => {
      folder = await mkdtemp(path.join(tmpdir(), 'annex-desktop-disk-'));
      await copyDisk(await debianDesktopDisk(), path.join(folder, 'desktop.raw'));
      app = await ServedApp.start();
      app.page.setDefaultTimeout(60_000);
      annex = new AnnexPage(app.page);
      screen = new GuestScreen(app.page);
    });

    afterAll(async () => {
      await app?.stop();
      await rm(folder, { recursive: true, force: true });
    });

    /** Whether most of an area has colours of a kind. */
    async function mostly(area: Area, fits: (colour: number) => boolean): Promise<boolean> {
      const colours = await screen.colours(area);
      return colours.filter(fits).length > colours.length * 0.7;
    }

    const isBlack = (colour: number) => Math.max(colour >> 16, (colour >> 8) & 0xff, colour & 0xff) < 0x30;
    const isLight = (colour: number) => Math.min(colour >> 16, (colour >> 8) & 0xff, colour & 0xff) > 0xc0;

    async function openMenu(): Promise<void> {
      await screen.click(MENU_BUTTON.x, MENU_BUTTON.y);
      await screen.waitFor('the open menu', () => mostly(MENU, isBlack), PROGRAM_MS);
    }

    it('boots from its disk to a desktop', async () => {
      await annex.createFrom(path.join(folder, 'desktop.raw'), { name: 'Debian desktop', start: true });
      const hasTaskBar = async () =>
        (await screen.size()).width === 1024 &&
        (await mostly(TASK_BAR, isBlack)) &&
        (await mostly(PAGE, (colour) => (colour & 0xff) > 60 && colour >> 16 < 0x60));
      await screen.waitFor('the task bar under its picture', hasTaskBar, BOOT_MS);
      await screen.keep('desktop');
    });

    it('starts a browser from its menu by the mouse', async () => {
      await openMenu();
      await screen.click(BROWSER_ENTRY.x, BROWSER_ENTRY.y);
      const shown = () => mostly(PAGE, (colour) => colour === WELCOME_PAGE.background);
      await screen.waitFor('the first page', shown, PROGRAM_MS);
    });

    it('goes to an address that is typed', async () => {
      await app.page.keyboard.press('Control+l');
      const [scheme, rest] = GARDEN_PAGE.address.split(':') as [string, string];
      await app.page.keyboard.type(scheme, { delay: 40 });
      // Where a colon is typed on the guest's keyboard.
      await app.page.keyboard.press('Shift+Semicolon');
      await app.page.keyboard.type(rest, { delay: 40 });
      await app.page.keyboard.press('Enter');
      const shown = () => mostly(PAGE, (colour) => colour === GARDEN_PAGE.background);
      await screen.waitFor('the page that was typed', shown, PROGRAM_MS);
      await screen.keep('desktop-browser');
    });

    it('starts a game beside it', async () => {
      await openMenu();
      await screen.click(GAME_ENTRY.x, GAME_ENTRY.y);
      await screen.waitFor('the game', () => mostly(GAME_WINDOW, isLight), PROGRAM_MS);
      await screen.keep('desktop-game');
    });
  },
);
