import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { grubRescue } from '../src/testing/boot-media.js';
import { browserMissing } from './harness/browser.js';
import { ServedApp } from './harness/served-app.js';
import { AnnexPage } from './pages/annex-page.js';

const BOOT_MS = 90_000;

describe.skipIf(browserMissing)('a file dropped on the window (skipped without Chromium)', () => {
  let app: ServedApp;
  let annex: AnnexPage;
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'annex-drop-'));
    app = await ServedApp.start();
    app.page.setDefaultTimeout(30_000);
    annex = new AnnexPage(app.page);
    await annex.tab('Home').waitFor();
  });

  afterAll(async () => {
    await app?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const wizard = () => annex.dialog('New machine');

  /** Drags a file of the computer into the middle of the window, as the desktop's file manager would. */
  async function drop(file: string): Promise<void> {
    const devtools = await app.page.context().newCDPSession(app.page);
    const data = { items: [], files: [file], dragOperationsMask: 1 };
    for (const type of ['dragEnter', 'dragOver', 'drop'] as const)
      await devtools.send('Input.dispatchDragEvent', { type, x: 720, y: 450, data });
    await devtools.detach();
  }

  it('that is an ISO is sent to the host and starts a machine', async () => {
    const iso = await grubRescue('cdrom.iso');
    await drop(iso);
    await wizard().getByText(path.basename(iso)).waitFor();
    await annex.finishWizard({ name: 'dropped', start: true });
    await annex.status.getByText('Running').waitFor();
    await annex.waitForScreen(/GNU GRUB/, BOOT_MS);
    const uploads = path.join(app.library, '.host/uploads');
    const [name] = await readdir(uploads);
    expect(await readFile(path.join(uploads, name!))).toEqual(await readFile(iso));
    await annex.menu('Machine', 'Power off');
    await annex.confirm('Power off');
    await annex.status.getByText('Stopped').waitFor();
  });

  it('that is nothing to start from is said to be so', async () => {
    const letter = path.join(folder, 'letter.iso');
    await writeFile(letter, 'Dear reader,\n');
    await drop(letter);
    await wizard().getByText('“letter.iso” is neither an ISO, a disk image, a floppy image nor a kernel.').waitFor();
    await wizard().getByRole('button', { name: 'Cancel' }).click();
    await wizard().waitFor({ state: 'detached' });
    expect(await readdir(app.library)).not.toContain('letter.annex');
  });
});
