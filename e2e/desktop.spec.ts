import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { browserMissing } from './harness/browser.js';
import { DesktopApp, desktopRuntime } from './harness/desktop-app.js';

describe.skipIf(browserMissing)(`the desktop application under ${desktopRuntime} (skipped without Chromium)`, () => {
  let app: DesktopApp;
  beforeEach(async () => {
    app = await DesktopApp.start();
  });
  afterEach(() => app.stop());

  test('shows its first page, and the page reaches the host over the bridge', async () => {
    await app.page.getByText('Annex', { exact: true }).first().waitFor();
    const answer = await app.page.evaluate(() =>
      (
        window as unknown as { annex: { request(name: string, payload: object): Promise<{ ok: boolean }> } }
      ).annex.request('library.list', {}),
    );
    expect(answer).toMatchObject({ ok: true, reply: { machines: [], broken: [] } });
  });

  test('exposes the bridge and nothing of Node', async () => {
    const seen = await app.page.evaluate(() => {
      const w = window as unknown as Record<string, unknown>;
      return {
        annex: typeof w['annex'],
        desktop: typeof w['desktop'],
        require: typeof w['require'],
        process: typeof w['process'],
      };
    });
    expect(seen).toEqual({ annex: 'object', desktop: 'object', require: 'undefined', process: 'undefined' });
  });

  test('answers a malformed command with an error, not with silence', async () => {
    const answers = await app.page.evaluate(async () => {
      const { annex } = window as unknown as { annex: { request(name: unknown, payload: unknown): Promise<unknown> } };
      return [
        await annex.request('machine.start', { id: 7 }),
        await annex.request('no.such', {}),
        await annex.request(3, null),
      ];
    });
    for (const answer of answers) expect(answer).toMatchObject({ ok: false, error: { code: 'bad-request' } });
  });

  test('runs under a policy that forbids inline scripts and eval', async () => {
    const evaluated = await app.page.evaluate(() => {
      const script = document.createElement('script');
      script.textContent = 'window.injected = true';
      document.head.append(script);
      return (window as unknown as { injected?: boolean }).injected ?? false;
    });
    expect(evaluated).toBe(false);
  });

  test('a second start hands over to the first and ends', async () => {
    expect(await app.startAgain()).toBe(0);
    expect(await app.page.title()).toContain('Annex');
  });

  test('closing the window with nothing running ends the application', async () => {
    await app.page.evaluate(() => (window as unknown as { desktop: { requestClose(): void } }).desktop.requestClose());
    expect(await app.ended()).toBe(0);
  });
});
