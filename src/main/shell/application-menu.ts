import { app, Menu, type MenuItemConstructorOptions } from 'electron';

/**
 * macOS keeps its menu bar outside the window and routes editing keys through it. Elsewhere the page draws the menus,
 * and a native one would take keys the guest should get.
 */
export function setApplicationMenu(): void {
  Menu.setApplicationMenu(process.platform === 'darwin' ? Menu.buildFromTemplate(macMenu()) : null);
}

function macMenu(): MenuItemConstructorOptions[] {
  return [
    { label: app.name, submenu: [{ role: 'about' }, { type: 'separator' }, { role: 'hide' }, { role: 'quit' }] },
    { role: 'editMenu' },
    { label: 'Window', submenu: [{ role: 'minimize' }, { role: 'zoom' }, { role: 'togglefullscreen' }] },
  ];
}
