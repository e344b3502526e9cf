import { session, type IpcMainEvent, type IpcMainInvokeEvent, type WebContents } from 'electron';
import { APP_ORIGIN } from './app-protocol.js';

/** What a page may ask of the system: the pointer and the keyboard for the console, full screen, the clipboard to paste. */
const ALLOWED_PERMISSIONS: ReadonlySet<string> = new Set([
  'pointerLock',
  'keyboardLock',
  'fullscreen',
  'clipboard-read',
  'clipboard-sanitized-write',
]);

/** Denies every permission, navigation and window the app does not need. */
export function guardSession(): void {
  session.defaultSession.setPermissionRequestHandler((contents, permission, decide) => {
    decide(isOurs(contents.getURL()) && ALLOWED_PERMISSIONS.has(permission));
  });
  session.defaultSession.setPermissionCheckHandler((_contents, permission, origin) => {
    return isOurs(origin) && ALLOWED_PERMISSIONS.has(permission);
  });
}

export function guardContents(contents: WebContents): void {
  contents.setWindowOpenHandler(() => ({ action: 'deny' }));
  contents.on('will-navigate', (event, url) => {
    if (!isOurs(url)) event.preventDefault();
  });
  contents.on('will-attach-webview', (event) => event.preventDefault());
}

/** Whether a message comes from the top frame of a page of ours. */
export function isTrustedSender({ senderFrame }: IpcMainEvent | IpcMainInvokeEvent): boolean {
  return senderFrame !== null && senderFrame.parent === null && isOurs(senderFrame.url);
}

export function isOurs(url: string): boolean {
  return url === APP_ORIGIN || url.startsWith(`${APP_ORIGIN}/`);
}
