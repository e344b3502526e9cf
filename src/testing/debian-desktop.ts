import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { debianImage, runInRoot } from './debian-image.js';

/** What the disk's controllers, file system and screen need, so that the initial RAM disk stays small. */
const EARLY_MODULES = ['ata_piix', 'ata_generic', 'sd_mod', 'ext4', 'bochs'];

const FILES: Readonly<Record<string, string>> = {
  'etc/initramfs-tools/conf.d/small': 'MODULES=list\n',
  'etc/initramfs-tools/modules': EARLY_MODULES.join('\n') + '\n',

  // Root works on the screen at once; the first console is its desktop.
  'etc/systemd/system/getty@tty1.service.d/autologin.conf':
    '[Service]\nExecStart=\nExecStart=-/sbin/agetty --autologin root --noclear %I linux\nType=idle\n',
  'root/.profile': '[ "$(tty)" = /dev/tty1 ] && exec startx >/var/log/startx.log 2>&1\n',
  // A busy host would have a key held for long: the X server would type it twice.
  'root/.xinitrc': 'xset r off\nexec dbus-launch --exit-with-session icewm-session\n',

  // No 3-D processor is there to draw with.
  'etc/X11/xorg.conf.d/screen.conf':
    'Section "Device"\n  Identifier "screen"\n  Driver "modesetting"\n  Option "AccelMethod" "none"\nEndSection\n',

  'root/.icewm/preferences':
    'DesktopBackgroundImage="/usr/share/icewm/IceWM.jpg"\nDesktopBackgroundScaled=1\nTaskBarShowCPUStatus=0\n' +
    'TaskBarShowNetStatus=0\nTaskBarShowMEMStatus=0\nTaskBarShowWorkspaces=0\n',
  'root/.icewm/theme': 'Theme="NanoBlue/default.theme"\n',
  'root/.icewm/menu':
    'prog "Web browser" - netsurf-gtk file:///srv/welcome.html\nprog "Mines" - /usr/games/sgt-mines\n' +
    'prog "Untangle" - /usr/games/sgt-untangle\nprog "Files" - pcmanfm /srv\n',
  'root/.icewm/toolbar': 'prog "Web browser" - netsurf-gtk file:///srv/welcome.html\n',

  'srv/welcome.html': `<!DOCTYPE html><title>Welcome</title>
<body style="background: #f4efe6; color: #22333b; font-family: sans-serif; margin: 3em">
<h1 style="color: #0a5c63">A page inside the guest</h1>
<p>NetSurf draws it, Xorg shows it, and the processor under both is a program.</p>
<ul><li><a href="garden.html">The garden</a></li></ul>
`,
  'srv/garden.html': `<!DOCTYPE html><title>Garden</title>
<body style="background: #1f7a4d; color: #ffffff; font-family: sans-serif; margin: 3em">
<h1>The garden</h1><p>Somebody typed this page's address.</p>
`,
};

/** Colours of the pages below /srv that the desktop's browser can show. */
export const WELCOME_PAGE = { address: 'file:///srv/welcome.html', background: 0xf4efe6 };
export const GARDEN_PAGE = { address: 'file:///srv/garden.html', background: 0x1f7a4d };

/**
 * A disk with Debian, Xorg, the window manager IceWM, the browser NetSurf and a few games; comes up as root's desktop.
 * @returns path of a raw image, not to be written
 */
export function debianDesktopDisk(): Promise<string> {
  return debianImage({
    name: 'debian-12-desktop-2',
    bytes: 3 * 1024 ** 3,
    kernel: 'linux-image-amd64',
    kernelOptions: 'ro quiet',
    packages: [
      'dbus', 'dbus-x11', 'xserver-xorg-core', 'xserver-xorg-input-libinput', 'xinit', 'x11-xserver-utils', 'icewm',
      'pcmanfm', 'netsurf-gtk', 'sgt-puzzles', 'fonts-dejavu-core', 'adwaita-icon-theme',
    ], // prettier-ignore
    prepare: async (root) => {
      for (const [name, text] of Object.entries(FILES)) {
        const file = path.join(root, name);
        await mkdir(path.dirname(file), { recursive: true });
        await writeFile(file, text);
      }
      await runInRoot(root, 'update-initramfs -u -k all');
    },
  });
}
