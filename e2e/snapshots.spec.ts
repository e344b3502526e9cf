import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Locator } from 'playwright-core';
import { browserMissing } from './harness/browser.js';
import { ServedApp } from './harness/served-app.js';
import { AnnexPage } from './pages/annex-page.js';

describe.skipIf(browserMissing)('snapshots in the window', () => {
  let app: ServedApp;
  let annex: AnnexPage;
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'annex-media-'));
    app = await ServedApp.start();
    app.page.setDefaultTimeout(30_000);
    annex = new AnnexPage(app.page);
  });

  afterAll(async () => {
    await app?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const tree = () => app.page.getByRole('treegrid', { name: 'Snapshots' });
  const row = (name: string): Locator => tree().getByRole('row', { name: new RegExp(`^${name}`) });
  const view = (name: string) => app.page.getByRole('radio', { name }).click();

  async function take(name: string): Promise<void> {
    await app.page.keyboard.press('Control+Shift+S');
    const dialog = annex.dialog('Take a snapshot');
    await dialog.getByRole('textbox', { name: 'Snapshot name' }).fill(name);
    await app.page.keyboard.press('Enter');
    await dialog.waitFor({ state: 'detached' });
    await row(name).waitFor();
  }

  it('takes snapshots of a stopped machine and shows them above the present', async () => {
    const image = path.join(folder, 'disk.img');
    await writeFile(image, '');
    await truncate(image, 4 * 2 ** 20);
    await annex.createFrom(image, { name: 'still', start: false });
    await view('Snapshots');
    await take('first');
    await take('second');
    const names = await tree().getByRole('row').evaluateAll((rows) => rows.slice(1).map((r) => r.getAttribute('aria-label')?.split(',')[0]));
    expect(names).toEqual(['first', 'second', 'You are here']);
    expect(await row('second').getAttribute('aria-level')).toBe('2');
  }); // prettier-ignore

  it('moves, renames and reverts by keys alone', async () => {
    await row('You are here').click();
    await app.page.keyboard.press('Home');
    expect(await row('first').getAttribute('aria-selected')).toBe('true');
    await app.page.keyboard.press('F2');
    await app.page.getByRole('textbox', { name: 'Snapshot name' }).fill('base');
    await app.page.keyboard.press('Enter');
    await row('base').waitFor();
    await app.page.keyboard.press('Enter');
    await app.page.getByRole('dialog').getByRole('button', { name: 'Revert', exact: true }).press('Enter');
    await app.page.getByText('The machine is back at “base”.').waitFor();
    // The present now leaves the first snapshot; the second is a branch.
    await tree().locator('[data-key=present][aria-level="2"]').waitFor();
    await row('second').waitFor();
  });

  it('keeps notes, finds by them, and shows what was taken by itself', async () => {
    await row('second').click();
    await app.page.getByRole('button', { name: 'Add notes' }).click();
    await app.page.getByRole('textbox', { name: 'Notes' }).fill('before the odd upgrade');
    await app.page.getByRole('button', { name: 'Apply' }).click();
    await app.page.getByRole('searchbox', { name: 'Filter snapshots' }).fill('odd');
    await row('base').waitFor({ state: 'detached' });
    await row('second').waitFor();
    await app.page.getByRole('searchbox', { name: 'Filter snapshots' }).fill('');
    await row('base').waitFor();
  });

  it('compares two points', async () => {
    await row('second').click({ button: 'right' });
    await app.page.getByRole('menuitem', { name: 'Compare…' }).click();
    const dialog = annex.dialog('Compare');
    await dialog.getByRole('button', { name: 'Compare', exact: true }).click();
    await dialog.getByText('Nothing differs.').waitFor();
    await app.page.keyboard.press('Escape');
  });

  it('makes a linked clone, which protects its snapshot from being deleted', async () => {
    await row('base').click();
    await app.page.getByRole('button', { name: 'Clone…' }).click();
    const dialog = annex.dialog('Clone still');
    await dialog.getByText('Linked clone').click();
    await dialog.getByRole('textbox', { name: 'Name' }).fill('child');
    await dialog.getByRole('button', { name: 'Clone', exact: true }).click();
    await annex.tab('child').waitFor();
    await annex.tab('still').click();
    await row('base').click();
    await app.page.getByRole('button', { name: 'Delete…' }).and(app.page.locator(':disabled')).waitFor();
  });

  it('deletes a snapshot after asking', async () => {
    await row('second').click();
    await app.page.keyboard.press('Delete');
    await annex.confirm('Delete this one');
    await row('second').waitFor({ state: 'detached' });
  });

  it('grows a disk in the settings', async () => {
    await annex.tab('child').click();
    await annex.menu('Machine', 'Settings…');
    const settings = annex.dialog('Settings of child');
    await settings.getByRole('tab', { name: 'Storage' }).click();
    await settings.getByRole('button', { name: 'More for Hard disk 1' }).click();
    await app.page.getByRole('menuitem', { name: 'Grow…' }).click();
    const grow = annex.dialog('Grow Hard disk 1');
    await grow.getByRole('textbox', { name: 'To' }).fill('1');
    await grow.getByRole('button', { name: 'Grow', exact: true }).click();
    await grow.waitFor({ state: 'detached' });
    await settings.getByText(/1 GiB, .* on this host, qcow2/).waitFor();
    await settings.getByRole('button', { name: 'More for Hard disk 1' }).click();
    await app.page.getByRole('menuitem', { name: 'Check', exact: true }).click();
    await settings.getByText('No errors were found.').waitFor();
    await app.page.keyboard.press('Escape');
  });
});
