import { EventEmitter } from 'node:events';

/** Answers of dialogs come from `ANNEX_STANDIN_ANSWERS`, a JSON list taken in order; without one, dialogs are cancelled. */
const answers = JSON.parse(process.env.ANNEX_STANDIN_ANSWERS ?? '[]');

export const dialog = {
  showOpenDialog: async () => answers.shift() ?? { canceled: true, filePaths: [] },
  showMessageBox: async (...args) => answers.shift() ?? { response: args.at(-1).cancelId ?? 0 },
  showErrorBox: (title, content) => console.error(`${title}: ${content}`),
};

export const Menu = { setApplicationMenu() {}, buildFromTemplate: (template) => ({ items: template }) };

/** The computer falls asleep by SIGPWR and wakes up by SIGCONT. */
export const powerMonitor = new EventEmitter();
process.on('SIGPWR', () => powerMonitor.emit('suspend'));
process.on('SIGCONT', () => powerMonitor.emit('resume'));

const image = { resize: () => image };
export const nativeImage = { createFromPath: () => image };

export class Tray extends EventEmitter {
  setToolTip() {}
  setContextMenu(menu) {
    this.menu = menu;
  }
  destroy() {}
}

const workArea = { x: 0, y: 0, width: 1920, height: 1080 };
export const screen = { getDisplayMatching: () => ({ workArea }), getPrimaryDisplay: () => ({ workArea }) };

export const shell = {
  openExternal: async () => undefined,
  showItemInFolder: () => undefined,
  trashItem: async (file) => (await import('node:fs/promises')).rm(file, { recursive: true }),
};
