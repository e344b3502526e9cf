import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import { grubRescue } from '../src/testing/boot-media.js';
import { browserMissing } from './harness/browser.js';
import { DesktopApp, desktopRuntime } from './harness/desktop-app.js';
import { AnnexPage } from './pages/annex-page.js';

const GONE_POLL_MS = 50;
const GONE_MS = 20_000;

describe.skipIf(browserMissing)(`closing with a machine on, under ${desktopRuntime} (skipped without Chromium)`, () => {
  let app: DesktopApp;
  let annex: AnnexPage;

  beforeAll(async () => {
    app = await DesktopApp.start(undefined, [{ canceled: false, filePaths: [await grubRescue('cdrom.iso')] }]);
    see(app.page);
    await annex.tab('Home').waitFor();
    await app.page.keyboard.press('Control+o');
    await annex.finishWizard({ name: 'busy', start: true });
    await annex.status.getByText('Running').waitFor();
  });

  afterAll(() => app?.stop());

  function see(page: Page): void {
    page.setDefaultTimeout(30_000);
    annex = new AnnexPage(page);
  }

  /** The process the machine runs in, as its lock names it; undefined while the machine is off. */
  async function machineProcess(): Promise<number | undefined> {
    const lock = await readFile(path.join(app.home, 'library/busy.annex/machine.lock'), 'utf8').catch(() => undefined);
    return lock === undefined ? undefined : (JSON.parse(lock) as { pid: number }).pid;
  }

  async function close(answer: string): Promise<void> {
    await annex.page.evaluate(() =>
      (window as unknown as { desktop: { requestClose(): void } }).desktop.requestClose(),
    );
    const question = annex.dialog('Machines are on');
    expect(await question.innerText()).toContain('1 machine is on: busy.');
    await question.getByRole('button', { name: answer, exact: true }).click();
  }

  /** The next start of the application on the same library. */
  async function startAgain(): Promise<void> {
    expect(await app.ended()).toBe(0);
    app = await DesktopApp.start(app.home);
    see(app.page);
  }

  it('goes on if the person thinks better of it', async () => {
    const before = await machineProcess();
    await close('Cancel');
    await annex.dialog('Machines are on').waitFor({ state: 'detached' });
    expect(await machineProcess()).toBe(before);
    await annex.status.getByText('Running').waitFor();
  });

  it('saves the machine when the computer falls asleep, and goes on when it wakes up', async () => {
    const before = await machineProcess();
    app.signal('SIGPWR');
    await annex.status.getByText('Suspended').waitFor();
    expect(await machineProcess()).toBeUndefined();
    app.signal('SIGCONT');
    await annex.status.getByText('Running').waitFor();
    expect(await machineProcess()).not.toBe(before);
  });

  it('keeps the machine running without a window, and shows it again', async () => {
    const before = await machineProcess();
    const closed = new Promise((resolve) => annex.page.once('close', resolve));
    await close('Keep running in the background');
    await closed;
    expect(await machineProcess()).toBe(before);
    expect(await app.startAgain()).toBe(0);
    see(await app.currentPage());
    await annex.row('busy, Running').dblclick();
    await annex.status.getByText('Running').waitFor();
    expect(await machineProcess()).toBe(before);
  });

  it('suspends the machine, which the next start resumes', async () => {
    await close('Suspend and quit');
    await startAgain();
    await annex.row('busy, Suspended').dblclick();
    await annex.toolbar.getByRole('button', { name: 'Resume' }).click();
    await annex.status.getByText('Running').waitFor();
  });

  it('stays open, and says why, if the machine cannot be suspended', async () => {
    await annex.menu('Machine', 'Power off');
    await annex.confirm('Power off');
    await annex.status.getByText('Stopped').waitFor();
    await annex.menu('Machine', 'Start a throw-away run');
    await annex.status.getByText('Running').waitFor();
    const before = await machineProcess();
    await close('Suspend and quit');
    await annex.page.getByText('so it cannot be suspended').waitFor();
    expect(await machineProcess()).toBe(before);
  });

  it('powers the machine off', async () => {
    await close('Power off and quit');
    await startAgain();
    await annex.row('busy, Stopped').waitFor();
    const end = Date.now() + GONE_MS;
    while ((await machineProcess()) !== undefined && Date.now() < end) await sleep(GONE_POLL_MS);
    expect(await machineProcess()).toBeUndefined();
  });
});
