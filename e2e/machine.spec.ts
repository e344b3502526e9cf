import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { grubRescue, memtestIso } from '../src/testing/boot-media.js';
import { browserMissing } from './harness/browser.js';
import { ServedApp } from './harness/served-app.js';
import { AnnexPage } from './pages/annex-page.js';

const BOOT_MS = 90_000;

/** The process that runs a machine of the library, as its lock names it; undefined while the machine is off. */
async function vmProcess(library: string, name: string): Promise<number | undefined> {
  const lock = await readFile(path.join(library, `${name}.annex`, 'machine.lock'), 'utf8').catch(() => undefined);
  return lock === undefined ? undefined : (JSON.parse(lock) as { pid: number }).pid;
}

describe.skipIf(browserMissing)('a machine in the window', () => {
  let app: ServedApp;
  let annex: AnnexPage;

  beforeAll(async () => {
    app = await ServedApp.start();
    app.page.setDefaultTimeout(30_000);
    annex = new AnnexPage(app.page);
  });

  afterAll(() => app?.stop());

  it('is created from an ISO in the wizard, and starts', async () => {
    await annex.createFrom(await grubRescue('cdrom.iso'), { name: 'grub', start: true });
    await annex.status.getByText('Running').waitFor();
    await annex.waitForScreen(/GNU GRUB/, BOOT_MS);
  });

  it('takes keys while it holds input, and lets go by Ctrl+Alt', async () => {
    // The menu's `c` leads to the command line.
    await annex.capture();
    await app.page.keyboard.press('c');
    await annex.release();
    await annex.waitForScreen(/grub>/, BOOT_MS);
    await annex.capture();
    await app.page.keyboard.type('echo hello-from-annex', { delay: 20 });
    await app.page.keyboard.press('Enter');
    await annex.release();
    await annex.waitForScreen(/^hello-from-annex/m, BOOT_MS);
    await annex.capture();
    await app.page.getByRole('button', { name: 'Release', exact: true }).dispatchEvent('pointerdown');
    await app.page.getByText('releases keyboard and mouse').waitFor({ state: 'detached' });
  });

  it('types the clipboard as keys', async () => {
    await app.page.evaluate(() => navigator.clipboard.writeText('echo typed:by,paste'));
    await annex.toolbar.getByRole('button', { name: 'Type the clipboard as keys' }).click();
    await app.page.getByText('Typed 19 characters.').waitFor();
    await annex.waitForScreen(/typed:by,paste/, BOOT_MS);
  });

  it('ejects its CD while it runs', async () => {
    await app.page.getByRole('button', { name: /^CD\/DVD: / }).click();
    await app.page.getByRole('menuitem', { name: 'Eject' }).click();
    await app.page.getByRole('button', { name: 'CD/DVD: empty' }).waitFor();
  });

  it('pauses, resumes and resets', async () => {
    await annex.toolbar.getByRole('button', { name: 'Pause' }).click();
    await app.page.getByText('The guest stands still until you resume it.').waitFor();
    await annex.toolbar.getByRole('button', { name: 'Resume' }).click();
    await annex.status.getByText('Running').waitFor();
    await annex.menu('Machine', 'Reset');
    await annex.confirm('Reset');
    // Without the disc nothing is left to start from.
    await annex.waitForScreen(/boot/i, BOOT_MS);
  });

  it('draws what it does in the monitor', async () => {
    await app.page.getByRole('radio', { name: 'Monitor' }).click();
    await app.page.getByRole('img', { name: /^Instructions per second: now / }).waitFor();
    await app.page.getByRole('img', { name: /^Exits by reason: now / }).waitFor();
  });

  it('says honestly when its process is killed, and starts again', async () => {
    const pid = await vmProcess(app.library, 'grub');
    process.kill(pid!, 'SIGKILL');
    await annex.status.getByText('Stopped unexpectedly').waitFor();
    await app.page.getByRole('radio', { name: 'Summary' }).click();
    expect(await app.page.getByRole('alert').first().innerText()).toMatch(/process|ended|SIGKILL/i);
    await annex.row('grub, Stopped unexpectedly').waitFor();
    await app.page.locator('.hero').getByRole('button', { name: 'Start again' }).click();
    await annex.status.getByText('Running').waitFor();
  });

  it('powers off after asking', async () => {
    await annex.menu('Machine', 'Power off');
    await annex.confirm('Power off');
    await annex.status.getByText('Stopped').waitFor();
    expect(await vmProcess(app.library, 'grub')).toBeUndefined();
  });

  it('runs memtest86+ from its disc', async () => {
    await annex.createFrom(await memtestIso('x64'), { name: 'memtest', start: true });
    await annex.status.getByText('Running').waitFor();
    await annex.waitForScreen(/Memtest86\+/i, BOOT_MS);
  });

  it('tells what the translator made of its loops, by name if told the names', async () => {
    await app.page.getByRole('radio', { name: 'Monitor' }).click();
    const hottest = app.page.getByRole('table', { name: 'Regions used most' });
    const place = hottest.getByRole('row').nth(1).getByRole('cell').first();
    await place.waitFor({ timeout: BOOT_MS });
    const address = await place.innerText();
    expect(address).toMatch(/^[0-9a-f]+$/);
    expect(await hottest.getByRole('row').nth(1).getByRole('cell').nth(1).innerText()).toMatch(/^[a-z0-9 ]+.*;/);
    const map = path.join(app.library, 'System.map');
    await writeFile(map, `${address.padStart(16, '0')} T hottest_code\n`);
    const named = hottest.getByRole('cell', { name: /^hottest_code\+0x/ }).first();
    const choose = app.page.getByRole('button', { name: 'System.map…' });
    await choose.click();
    await annex.chooseHostFile(map);
    await named.waitFor();
    // The machine keeps it; without the file it runs on, and says what is missing.
    await rename(map, `${map}.moved`);
    await app.page.getByText('"System.map" is not there any more. Choose another file.').waitFor();
    await hottest
      .getByRole('cell', { name: /^[0-9a-f]+$/ })
      .first()
      .waitFor();
    await rename(`${map}.moved`, map);
    await named.waitFor();
    await writeFile(path.join(app.library, 'notes.txt'), 'no symbols in here');
    await choose.click();
    await annex.chooseHostFile(path.join(app.library, 'notes.txt'));
    await app.page.getByText('"notes.txt" has no symbols of a System.map.').waitFor();
    await annex.menu('Machine', 'Power off');
    await annex.confirm('Power off');
    await annex.status.getByText('Stopped').waitFor();
  });
});
