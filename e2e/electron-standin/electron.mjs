// The part of Electron's main-process API that Annex uses, over plain Node and a real Chromium page.
export { app } from './app.mjs';
export { BrowserWindow } from './browser-window.mjs';
export { ipcMain } from './ipc-main.mjs';
export { MessageChannelMain } from './message-ports.mjs';
export { utilityProcess } from './utility-process.mjs';
export { dialog, Menu, nativeImage, powerMonitor, screen, shell, Tray } from './desktop-services.mjs';
export { protocol, session } from './session.mjs';
