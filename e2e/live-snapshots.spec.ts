import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { grubRescue } from '../src/testing/boot-media.js';
import { browserMissing } from './harness/browser.js';
import { ServedApp } from './harness/served-app.js';
import { AnnexPage } from './pages/annex-page.js';

const BOOT_MS = 90_000;

describe.skipIf(browserMissing)('snapshots of a running guest in the window', () => {
  let app: ServedApp;
  let annex: AnnexPage;

  beforeAll(async () => {
    app = await ServedApp.start();
    app.page.setDefaultTimeout(30_000);
    annex = new AnnexPage(app.page);
  });

  afterAll(() => app?.stop());

  /** What the guest's command line is asked to print; the menu's `c` has led there. */
  async function typeIntoGuest(text: string): Promise<void> {
    await annex.capture();
    await app.page.keyboard.type(text, { delay: 20 });
    await app.page.keyboard.press('Enter');
    await annex.release();
  }

  it('takes a snapshot of a running guest and goes back to it', async () => {
    await annex.createFrom(await grubRescue('cdrom.iso'), { name: 'live', start: true });
    await annex.status.getByText('Running').waitFor();
    await annex.waitForScreen(/GNU GRUB/, BOOT_MS);
    await annex.capture();
    await app.page.keyboard.press('c');
    await annex.release();
    await annex.waitForScreen(/grub>/, BOOT_MS);
    await typeIntoGuest('echo kept-by-snapshot');
    await annex.waitForScreen(/^kept-by-snapshot/m, BOOT_MS);
    await app.page.getByRole('radio', { name: 'Snapshots' }).click();
    await app.page.keyboard.press('Control+Shift+S');
    await annex.dialog('Take a snapshot').getByRole('textbox', { name: 'Snapshot name' }).fill('at the prompt');
    await app.page.keyboard.press('Enter');
    await app.page.getByRole('row', { name: /^at the prompt, Live/ }).waitFor();
    await app.page.getByText('Memory is being saved…').waitFor({ state: 'detached' });
    await app.page.getByRole('radio', { name: 'Console' }).click();
    await typeIntoGuest('echo lost-by-revert');
    await annex.waitForScreen(/^lost-by-revert/m, BOOT_MS);
    await app.page.keyboard.press('Control+Shift+R');
    await annex.confirm('Revert');
    await app.page.getByText('The machine is back at “at the prompt”.').waitFor();
    await annex.status.getByText('Running').waitFor();
    const text = await annex.waitForScreen(/^kept-by-snapshot/m, BOOT_MS);
    expect(text).not.toMatch(/lost-by-revert/);
    await typeIntoGuest('echo alive-again');
    await annex.waitForScreen(/^alive-again/m, BOOT_MS);
  });

  it('suspends the guest and resumes it where it was', async () => {
    await annex.toolbar.getByRole('button', { name: 'Suspend' }).click();
    await annex.status.getByText('Suspended').waitFor();
    await annex.toolbar.getByRole('button', { name: 'Resume' }).click();
    await annex.status.getByText('Running').waitFor();
    await annex.waitForScreen(/^alive-again/m, BOOT_MS);
    await annex.menu('Machine', 'Power off');
    await annex.confirm('Power off');
    await annex.status.getByText('Stopped').waitFor();
  });
});
