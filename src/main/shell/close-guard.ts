import { dialog, ipcMain, type BrowserWindow } from 'electron';
import { z } from 'zod';
import { BRIDGE } from '../../shared/contract/bridge.js';
import type { CloseAnswer } from '../../shared/contract/desktop.js';
import { toWireError } from '../../shared/contract/errors.js';
import type { Host } from '../host/host.js';
import { isTrustedSender } from './window-guards.js';

/** A page that does not answer is not asked again: the native dialog takes over. */
const PAGE_ANSWER_MS = 120_000;

const answerSchema = z.enum(['suspend', 'power-off', 'background', 'cancel']);

/**
 * A closing window never kills a machine without asking. Holds the window open while machines run, asks the page (or the
 * person directly if the page hangs), then closes if `leave` could carry the answer out.
 */
export function guardClosing(
  window: BrowserWindow,
  host: Host,
  leave: (answer: CloseAnswer) => Promise<boolean>,
): void {
  let decided = false;
  let asking = false;
  window.on('close', (event) => {
    if (decided) return;
    event.preventDefault();
    if (asking) return;
    asking = true;
    void decide()
      .catch((error: unknown) => dialog.showErrorBox('Annex cannot close', toWireError(error).message))
      .finally(() => (asking = false));
  });

  async function decide(): Promise<void> {
    const answer: CloseAnswer = host.running.length > 0 ? await ask(window) : 'power-off';
    if (answer === 'cancel' || !(await leave(answer))) return;
    decided = true;
    window.close();
  }
}

function ask(window: BrowserWindow): Promise<CloseAnswer> {
  if (window.webContents.isCrashed()) return askNatively(window);
  return new Promise((resolve) => {
    const finish = (answer: CloseAnswer | Promise<CloseAnswer>): void => {
      clearTimeout(timeout);
      window.off('unresponsive', hung);
      ipcMain.off(BRIDGE.closeAnswer, answered);
      resolve(answer);
    };
    const hung = (): void => finish(askNatively(window));
    const answered = (event: Electron.IpcMainEvent, answer: unknown): void => {
      const parsed = answerSchema.safeParse(answer);
      if (isTrustedSender(event) && parsed.success) finish(parsed.data);
    };
    const timeout = setTimeout(hung, PAGE_ANSWER_MS);
    window.on('unresponsive', hung);
    ipcMain.on(BRIDGE.closeAnswer, answered);
    window.webContents.send(BRIDGE.closeRequested);
  });
}

async function askNatively(window: BrowserWindow): Promise<CloseAnswer> {
  const { response } = await dialog.showMessageBox(window, {
    type: 'question',
    message: 'Virtual machines are running.',
    detail: 'Powering off is like pulling the plug: unsaved work in the guests is lost.',
    buttons: ['Suspend and quit', 'Keep running in background', 'Power off and quit', 'Cancel'],
    defaultId: 0,
    cancelId: 3,
  });
  return (['suspend', 'background', 'power-off', 'cancel'] as const)[response] ?? 'cancel';
}
