import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mkdir, readFile, symlink } from 'node:fs/promises';
import path from 'node:path';
import { debianMissing, debianPackage, GUEST_CACHE } from '../src/testing/debian-packages.js';
import { browserMissing } from './harness/browser.js';
import { ServedApp } from './harness/served-app.js';
import { AnnexPage } from './pages/annex-page.js';

const BOOT_MS = 120_000;
const NAME = 'Small Debian';

describe.skipIf(browserMissing || debianMissing())('the one-click Linux (skipped without Chromium or apt)', () => {
  let app: ServedApp;
  let annex: AnnexPage;

  beforeAll(async () => {
    for (const name of ['linux-image-cloud-amd64', 'busybox-static']) await debianPackage(name, 'amd64');
    app = await ServedApp.start();
    // What other tests have downloaded need not be downloaded again.
    await mkdir(path.join(app.library, '.host/demo'), { recursive: true });
    await symlink(GUEST_CACHE, path.join(app.library, '.host/demo/packages'));
    app.page.setDefaultTimeout(30_000);
    annex = new AnnexPage(app.page);
  });

  afterAll(() => app?.stop());

  const captured = () => app.page.getByText('releases keyboard and mouse');

  async function machineProcess(): Promise<number> {
    const lock = await readFile(path.join(app.library, `${NAME}.annex/machine.lock`), 'utf8');
    return (JSON.parse(lock) as { pid: number }).pid;
  }

  it('comes up from its card on the first page, to a shell on the screen', async () => {
    await app.page.getByRole('button', { name: 'Start Debian' }).click();
    await annex.tab(NAME).waitFor({ timeout: BOOT_MS });
    await annex.status.getByText('Running').waitFor();
    await annex.waitForScreen(/annex:~#/, BOOT_MS);
  });

  it('obeys the keyboard', async () => {
    await annex.capture();
    await app.page.keyboard.type('uname -m', { delay: 20 });
    await app.page.keyboard.press('Enter');
    await annex.release();
    await annex.waitForScreen(/^x86_64/m, BOOT_MS);
  });

  it('lets input go when another window comes to the front', async () => {
    await annex.capture();
    // Every page of a browser that is driven by a program thinks it has the focus.
    const devtools = await app.page.context().newCDPSession(app.page);
    await devtools.send('Emulation.setFocusEmulationEnabled', { enabled: false });
    const other = await app.newPage();
    await other.bringToFront();
    await captured().waitFor({ state: 'detached' });
    await other.close();
    await app.page.bringToFront();
  });

  it('lets input go when the guest stalls, says so, and goes on when it answers again', async () => {
    const pid = await machineProcess();
    await annex.capture();
    process.kill(pid, 'SIGSTOP');
    try {
      await captured().waitFor({ state: 'detached' });
      await annex.status.getByText('Not responding').waitFor();
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    await annex.status.getByText('Running').waitFor();
    await annex.capture();
    await app.page.keyboard.type('echo awake', { delay: 20 });
    await app.page.keyboard.press('Enter');
    await annex.release();
    await annex.waitForScreen(/^awake/m, BOOT_MS);
  });

  it('is shut down by its power button', async () => {
    await annex.toolbar.getByRole('button', { name: 'Shut down' }).click();
    await annex.status.getByText('Stopped').waitFor({ timeout: BOOT_MS });
    expect(await app.page.getByRole('alert').count()).toBe(0);
  });
});
