import { randomBytes } from 'node:crypto';
import { appendFile, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { grubRescue } from '../src/testing/boot-media.js';
import { browserMissing } from './harness/browser.js';
import { ServedApp } from './harness/served-app.js';
import { AnnexPage } from './pages/annex-page.js';

const BOOT_MS = 90_000;
const MIB = 1 << 20;
/** Noise, which is slow to compress: an export of it can be cancelled in time. */
const NOISE_MIB = 256;

describe.skipIf(browserMissing)('long work on a real machine in the window', () => {
  let app: ServedApp;
  let annex: AnnexPage;
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'annex-transfer-'));
    app = await ServedApp.start();
    app.page.setDefaultTimeout(60_000);
    annex = new AnnexPage(app.page);
  });

  afterAll(async () => {
    await app?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  async function take(name: string): Promise<void> {
    await app.page.keyboard.press('Control+Shift+S');
    await annex.dialog('Take a snapshot').getByRole('textbox', { name: 'Snapshot name' }).fill(name);
    await app.page.keyboard.press('Enter');
    await app.page.getByRole('row', { name: new RegExp(`^${name}, Live`) }).waitFor();
    await app.page.getByText('Memory is being saved…').waitFor({ state: 'detached' });
  }

  async function exportTo(name: string, file: string): Promise<void> {
    await annex.menu('File', 'Export as OVA…');
    const dialog = annex.dialog(`Export ${name}`);
    await dialog.getByRole('textbox', { name: 'OVA file' }).fill(file);
    await dialog.getByRole('button', { name: 'Export', exact: true }).click();
  }

  it('says how much memory two moments of a running guest differ by', async () => {
    await annex.createFrom(await grubRescue('cdrom.iso'), { name: 'small', start: true });
    await annex.status.getByText('Running').waitFor();
    await annex.waitForScreen(/GNU GRUB/, BOOT_MS);
    await app.page.getByRole('radio', { name: 'Snapshots' }).click();
    await take('menu');
    await take('later');
    await app.page.getByRole('row', { name: /^menu/ }).click({ button: 'right' });
    await app.page.getByRole('menuitem', { name: 'Compare…' }).click();
    const dialog = annex.dialog('Compare');
    await dialog.locator('.n-base-selection').last().click();
    await app.page.locator('.n-base-select-option', { hasText: 'later' }).click();
    await dialog.getByRole('button', { name: 'Compare', exact: true }).click();
    await dialog
      .getByText(/ of .* differ/)
      .first()
      .waitFor();
    await app.page.keyboard.press('Escape');
    await annex.menu('Machine', 'Power off');
    await annex.confirm('Power off');
    await annex.status.getByText('Stopped').waitFor();
  });

  it('exports a machine with snapshots, and takes it over again from the archive', async () => {
    const archive = path.join(folder, 'small.ova');
    await exportTo('small', archive);
    await app.page.getByText(`Exported to ${archive}`).waitFor();
    expect(await readdir(folder)).toEqual(['small.ova']);
    expect((await stat(archive)).size % 512).toBe(0);
    await annex.menu('File', 'Import a machine…');
    await annex.chooseHostFile(archive);
    await annex.tab('small 2').waitFor();
    expect(await readdir(path.join(app.library, 'small 2.annex'))).toEqual(expect.arrayContaining(['disk0.qcow2', 'machine.json'])); // prettier-ignore
    await annex.toolbar.getByRole('button', { name: 'Start' }).first().click();
    await annex.status.getByText('Running').waitFor();
    await annex.menu('Machine', 'Power off');
    await annex.confirm('Power off');
    await annex.status.getByText('Stopped').waitFor();
  });

  it('gives up an export that a person cancels, and leaves nothing of it', async () => {
    const image = path.join(folder, 'noise.img');
    await writeFile(image, '');
    for (let mib = 0; mib < NOISE_MIB; mib += 16) await appendFile(image, randomBytes(16 * MIB));
    await annex.createFrom(image, { name: 'noise', start: false });
    await exportTo('noise', path.join(folder, 'noise.ova'));
    const dialog = annex.dialog('Export noise');
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    await dialog.getByRole('button', { name: 'Export', exact: true }).and(app.page.locator(':enabled')).waitFor();
    expect((await readdir(folder)).sort()).toEqual(['noise.img', 'small.ova']);
    expect(await dialog.getByRole('alert').textContent()).toBe('');
    await dialog.getByRole('button', { name: 'Close' }).last().click();
  });
});
