import { Menu, nativeImage, Tray } from 'electron';

export interface BackgroundTray {
  remove(): void;
}

/** While machines run without a window, an icon says so and leads back to it. */
export function showBackgroundTray(icon: string, actions: { open(): void; quit(): void }): BackgroundTray {
  const tray = new Tray(nativeImage.createFromPath(icon).resize({ width: 22, height: 22 }));
  tray.setToolTip('Annex: virtual machines run in the background');
  tray.setContextMenu(
    Menu.buildFromTemplate([
      { label: 'Open Annex', click: actions.open },
      { label: 'Quit…', click: actions.quit },
    ]),
  );
  tray.on('click', actions.open);
  return { remove: () => tray.destroy() };
}
