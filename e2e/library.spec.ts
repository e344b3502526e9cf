import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { browserMissing } from './harness/browser.js';
import { ServedApp } from './harness/served-app.js';
import { AnnexPage } from './pages/annex-page.js';

/** An empty hard disk image: enough to make machines from. */
async function blankImage(folder: string): Promise<string> {
  const file = path.join(folder, 'blank.img');
  await writeFile(file, '');
  await truncate(file, 4 * 2 ** 20);
  return file;
}

describe.skipIf(browserMissing)('library', () => {
  let app: ServedApp;
  let annex: AnnexPage;
  let folder: string;
  let image: string;
  const problems: string[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'annex-media-'));
    image = await blankImage(folder);
    app = await ServedApp.start();
    app.page.setDefaultTimeout(15_000);
    annex = new AnnexPage(app.page);
    app.page.on('console', (message) => {
      if (message.type() === 'error') problems.push(message.text());
    });
    app.page.on('pageerror', (error) => problems.push(error.message));
  });

  afterAll(async () => {
    await app?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it('tells what was found on this computer at the first run', async () => {
    await app.page.getByRole('heading', { name: 'Welcome to Annex' }).waitFor();
    const checks = await app.page.locator('.checks').innerText();
    expect(checks).toMatch(/Engine\s+(Translator|KVM)/);
    expect(checks).toMatch(/Memory\s+[\d.]+ .B/);
    expect(checks).toMatch(/free in the library folder/);
  });

  it('creates a machine from a disk image and shows its summary', async () => {
    await annex.createFrom(image, { name: 'first', start: false });
    await app.page.getByRole('heading', { name: 'first' }).waitFor();
    expect(await app.page.getByRole('table', { name: 'Devices' }).textContent()).toMatch(
      /Hard disk 1\s*blank\.img\s*4 MiB/,
    );
    expect(await annex.status.innerText()).toBe('Stopped');
  });

  it('edits the memory in its row and refuses what the machine cannot have', async () => {
    await app.page.locator('[data-row=memory]').press('Enter');
    const field = app.page.getByRole('textbox', { name: 'Memory (MiB)' });
    await field.fill('99999');
    await app.page.getByText('Memory must be between 4 and 3072 MiB.').waitFor();
    expect(await app.page.getByRole('button', { name: 'Apply' }).isDisabled()).toBe(true);
    await field.fill('96');
    await field.press('Enter');
    await app.page.locator('[data-row=memory]', { hasText: '96 MiB' }).waitFor();
  });

  it('renames with F2, moves into a new folder, and finds by typing', async () => {
    await annex.row('first').focus();
    await app.page.keyboard.press('F2');
    await app.page.getByRole('textbox', { name: 'Machine name' }).fill('renamed');
    await app.page.keyboard.press('Enter');
    await app.page.getByRole('heading', { name: 'renamed' }).waitFor();

    await annex.row('renamed').click({ button: 'right' });
    await app.page.keyboard.press('Escape');
    await app.page.getByRole('tree').click({ button: 'right', position: { x: 100, y: 300 } });
    await app.page.getByRole('menuitem', { name: 'New folder' }).click();
    await app.page.getByRole('textbox', { name: 'Folder name' }).fill('Lab');
    await app.page.keyboard.press('Enter');
    await annex.row('renamed').dragTo(annex.row('Lab'));
    await annex.row('Lab, 1 machine').waitFor();

    await app.page.keyboard.press('/');
    await app.page.keyboard.type('nothing like it');
    await app.page.getByText('No machine matches').waitFor();
    await app.page.keyboard.press('Escape');
    await annex.row('renamed').waitFor();
  });

  it('keeps a second machine from taking a name in use', async () => {
    await app.page.getByRole('navigation').getByRole('button', { name: 'New machine' }).click();
    const wizard = annex.dialog('New machine');
    await wizard.getByRole('button', { name: 'Empty machine' }).click();
    await wizard.getByRole('textbox', { name: 'Name' }).fill('RENAMED');
    await wizard.getByText('Another machine already has this name.').waitFor();
    await wizard.getByRole('textbox', { name: 'Name' }).fill('second');
    await wizard.getByText('Start when created').setChecked(false);
    await wizard.getByRole('button', { name: 'Create', exact: true }).click();
    await annex.tab('second').waitFor();
  });

  it('changes settings and keeps them over a reload', async () => {
    await annex.menu('Machine', 'Settings…');
    const dialog = annex.dialog('Settings of second');
    await dialog.getByRole('tab', { name: 'Storage' }).click();
    await dialog.getByRole('button', { name: 'Add drive' }).click();
    await app.page.getByRole('menuitem', { name: 'Floppy drive' }).click();
    await dialog.getByRole('tab', { name: 'General' }).click();
    await dialog.getByRole('textbox', { name: 'Notes' }).fill('kept');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await dialog.waitFor({ state: 'detached' });
    await app.page.reload();
    await app.page.getByRole('heading', { name: 'second' }).waitFor();
    expect(await app.page.getByRole('table', { name: 'Devices' }).textContent()).toMatch(/Floppy 1\s*Empty/);
    await app.page.getByText('kept').waitFor();
  });

  it('finds machines and actions with Ctrl+K', async () => {
    await app.page.keyboard.press('Control+k');
    await app.page.keyboard.type('rena');
    await app.page.keyboard.press('Enter');
    await app.page.getByRole('heading', { name: 'renamed' }).waitFor();
    await app.page.keyboard.press('Control+k');
    await app.page.keyboard.type('light theme');
    await app.page.keyboard.press('Enter');
    await app.page.waitForFunction(() => document.documentElement.dataset['theme'] === 'light');
  });

  it('speaks Chinese', async () => {
    await app.page.keyboard.press('Control+,');
    await annex.dialog('Preferences').getByText('As the system').last().click();
    await app.page.getByText('简体中文').click();
    await app.page.getByRole('dialog', { name: '偏好设置' }).waitFor();
    expect(await app.page.evaluate(() => document.documentElement.lang)).toBe('zh-CN');
    await app.page.keyboard.press('Escape');
    expect(await annex.status.innerText()).toBe('已停止');
    await app.page.keyboard.press('Control+,');
    await app.page.getByRole('dialog', { name: '偏好设置' }).getByText('简体中文').click();
    await app.page.getByText('English').click();
    await annex.dialog('Preferences').getByRole('button', { name: 'Close' }).click();
  });

  it('moves through the panes with F6 and the tree with arrows', async () => {
    const focusedPane = () => app.page.evaluate(() => document.activeElement?.closest('[data-pane]')?.tagName ?? '');
    const seen = new Set<string>();
    for (let i = 0; i < 8; i++) {
      await app.page.keyboard.press('F6');
      seen.add(await focusedPane());
    }
    expect([...seen]).toEqual(expect.arrayContaining(['HEADER', 'ASIDE', 'NAV', 'FOOTER']));
    await annex.row('Lab, 1 machine').focus();
    await app.page.keyboard.press('End');
    expect(await app.page.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toBe('second, Stopped');
    await app.page.keyboard.press('Home');
    await app.page.keyboard.press('ArrowLeft');
    await annex.row('renamed').waitFor({ state: 'detached' });
    await app.page.keyboard.press('ArrowRight');
    await annex.row('renamed').waitFor();
  });

  it('deletes after asking', async () => {
    await annex.row('second').focus();
    await app.page.keyboard.press('Delete');
    await annex.dialog('Delete second?').getByRole('button', { name: 'Cancel' }).click();
    await annex.row('second').focus();
    await app.page.keyboard.press('Delete');
    await annex.dialog('Delete second?').getByRole('button', { name: 'Delete' }).click();
    await annex.row('second').waitFor({ state: 'detached' });
    await annex.tab('second').waitFor({ state: 'detached' });
  });

  it('breaks no rule of the content security policy and throws nothing', () => {
    expect(problems).toEqual([]);
  });
});
