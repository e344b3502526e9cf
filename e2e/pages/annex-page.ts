import { expect } from 'vitest';
import type { Locator, Page } from 'playwright-core';

const SCREEN_POLL_MS = 500;
/** A screen in graphics leaves the clipboard empty. */
const COPY_POLLS = 10;
const COPY_POLL_MS = 50;

/** The window as a person works it: everything by role and name, in English. */
export class AnnexPage {
  constructor(readonly page: Page) {}

  /** Goes through the wizard with a file of the host; answers when its tab is open. */
  async createFrom(file: string, options: { readonly name: string; readonly start: boolean }): Promise<void> {
    await this.tab('Home').waitFor();
    await this.page.keyboard.press('Control+o');
    await this.chooseHostFile(file);
    await this.finishWizard(options);
  }

  /** Names the machine in the open wizard and makes it; answers when its tab is open. */
  async finishWizard(options: { readonly name: string; readonly start: boolean }): Promise<void> {
    const wizard = this.dialog('New machine');
    await wizard.getByRole('textbox', { name: 'Name' }).fill(options.name);
    await wizard.getByText('Start when created').setChecked(options.start);
    await wizard.getByRole('button', { name: options.start ? 'Create and start' : 'Create' }).click();
    await wizard.waitFor({ state: 'detached' });
    await this.tab(options.name).waitFor();
  }

  /** Types a path into the host file dialog. */
  async chooseHostFile(file: string): Promise<void> {
    const chooser = this.dialog('Choose a file on this host');
    await chooser.getByRole('textbox', { name: 'Path' }).fill(file);
    await chooser.getByRole('textbox', { name: 'Path' }).press('Enter');
    await chooser.waitFor({ state: 'detached' }).catch(async (cause: unknown) => {
      throw new Error(`${file} was not taken: ${await chooser.innerText()}`, { cause });
    });
  }

  dialog(name: string): Locator {
    return this.page.getByRole('dialog', { name, exact: true });
  }

  tab(name: string): Locator {
    return this.page.getByRole('tab', { name });
  }

  row(name: string): Locator {
    return this.page.getByRole('treeitem', { name });
  }

  get status(): Locator {
    return this.page.locator('footer').getByRole('status');
  }

  get toolbar(): Locator {
    return this.page.getByRole('toolbar');
  }

  /** Chooses an entry of a main menu. */
  async menu(menu: string, entry: string): Promise<void> {
    await this.page.getByRole('menubar').getByRole('menuitem', { name: menu, exact: true }).click();
    await this.page.getByRole('menu').getByText(entry, { exact: true }).click();
  }

  async confirm(button: string): Promise<void> {
    await this.page.getByRole('dialog').getByRole('button', { name: button, exact: true }).click();
  }

  /** The characters on the guest's screen, as a person copies them. */
  async screenText(): Promise<string> {
    await this.page.evaluate(() => navigator.clipboard.writeText(''));
    await this.menu('Edit', 'Copy the text on the screen');
    for (let left = COPY_POLLS; left > 0; left--) {
      const text = await this.page.evaluate(() => navigator.clipboard.readText());
      if (text !== '') return text;
      await this.page.waitForTimeout(COPY_POLL_MS);
    }
    return '';
  }

  /** Waits until the guest shows something. */
  async waitForScreen(wanted: RegExp, timeoutMs: number): Promise<string> {
    const end = Date.now() + timeoutMs;
    let text = '';
    while (Date.now() < end) {
      text = await this.screenText();
      if (wanted.test(text)) return text;
      await this.page.waitForTimeout(SCREEN_POLL_MS);
    }
    expect(text).toMatch(wanted);
    return text;
  }

  /** Clicks the guest's screen, which captures input. */
  async capture(): Promise<void> {
    await this.page.getByRole('application').click();
    await this.page.getByText('releases keyboard and mouse').waitFor();
  }

  /** Lets input go by the keys. */
  async release(): Promise<void> {
    await this.page.keyboard.down('Control');
    await this.page.keyboard.down('Alt');
    await this.page.keyboard.up('Alt');
    await this.page.keyboard.up('Control');
    await this.page.getByText('releases keyboard and mouse').waitFor({ state: 'detached' });
  }
}
