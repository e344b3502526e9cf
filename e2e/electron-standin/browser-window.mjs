import { EventEmitter } from 'node:events';
import { readFileSync } from 'node:fs';
import { app } from './app.mjs';
import { connectedBrowser } from './chromium.mjs';
import { ipcMain } from './ipc-main.mjs';
import { isolatedWorldScript, mainWorldScript } from './preload-world.mjs';
import { answerProtocol } from './session.mjs';

/** Chromium knows no `app:` scheme; the page sees this origin instead, and the main process the real one. */
const PAGE_ORIGIN = 'https://annex.test';
const WORLD = 'electron-preload';

const toPage = (url) => url.replace(/^app:\/\/annex/, PAGE_ORIGIN);
const toApp = (url) => url.replace(PAGE_ORIGIN, 'app://annex');

class WebContents extends EventEmitter {
  constructor(window) {
    super();
    this.window = window;
    this.ports = new Map();
    this.nextPort = 1;
    this.url = '';
  }

  getURL = () => this.url;
  isCrashed = () => false;
  setWindowOpenHandler = (handler) => void (this.windowOpenHandler = handler);

  send(channel, ...args) {
    this.deliver({ type: 'event', channel, args });
  }

  postMessage(channel, message, ports = []) {
    const ids = ports.map((port) => this.adoptPort(port));
    this.deliver({ type: 'event', channel, args: [message], ports: ids });
  }

  adoptPort(port) {
    const id = this.nextPort++;
    this.ports.set(id, port);
    port.on('message', ({ data }) => {
      this.deliver({ type: 'port', id, bytes: data === null ? null : Buffer.from(data).toString('base64') });
    });
    port.start();
    return id;
  }

  async attach() {
    const browser = await connectedBrowser();
    const page = await browser.contexts()[0].newPage();
    await page.setViewportSize({ width: 1440, height: 900 });
    this.page = page;
    this.cdp = await page.context().newCDPSession(page);
    await this.cdp.send('Runtime.enable');
    this.cdp.on('Runtime.executionContextCreated', ({ context }) => {
      if (context.name === WORLD) this.world = context.uniqueId;
    });
    this.cdp.on('Runtime.bindingCalled', ({ name, payload }) => {
      if (name === 'standinToNode') void this.receive(JSON.parse(payload));
    });
    await this.cdp.send('Runtime.addBinding', { name: 'standinToNode', executionContextName: WORLD });
    await this.cdp.send('Page.enable');
    await this.cdp.send('Page.addScriptToEvaluateOnNewDocument', { source: `(${mainWorldScript})()` });
    await this.cdp.send('Page.addScriptToEvaluateOnNewDocument', { source: this.preloadSource(), worldName: WORLD });
    page.on('framenavigated', (frame) => {
      if (frame === page.mainFrame()) this.url = toApp(frame.url());
    });
    page.on('request', (request) => {
      if (request.isNavigationRequest()) this.emit('did-start-loading');
    });
    await page.route('**/*', (route) => this.serve(route));
  }

  preloadSource() {
    const preload = readFileSync(this.window.options.webPreferences.preload, 'utf8');
    const run = `(function (require, module, exports, process) { ${preload}\n})(standinRequire, { exports: {} }, {}, standinProcess)`;
    return `(${isolatedWorldScript})(${JSON.stringify(process.platform)});\n${run}`;
  }

  /** Requests to our origin are answered by the main process's protocol handler; all else is refused, as offline. */
  async serve(route) {
    const request = route.request();
    if (request.isNavigationRequest() && !request.url().startsWith(PAGE_ORIGIN)) {
      let prevented = false;
      this.emit('will-navigate', { preventDefault: () => (prevented = true) }, request.url());
      return route.abort(prevented ? 'aborted' : 'failed');
    }
    if (!request.url().startsWith(PAGE_ORIGIN)) return route.abort('failed');
    const response = await answerProtocol(toApp(request.url()));
    return route.fulfill({
      status: response.status,
      headers: Object.fromEntries(response.headers),
      body: Buffer.from(await response.arrayBuffer()),
    });
  }

  deliver(message) {
    if (!this.world) return;
    const expression = `standinFromNode(${JSON.stringify(JSON.stringify(message))})`;
    void this.cdp.send('Runtime.evaluate', { expression, uniqueContextId: this.world }).catch(() => undefined);
  }

  async receive(message) {
    const event = { sender: this, senderFrame: { parent: null, url: this.url } };
    if (message.type === 'send') ipcMain.emit(message.channel, event, ...message.args);
    if (message.type === 'port')
      this.ports.get(message.id)?.postMessage(new Uint8Array(Buffer.from(message.bytes, 'base64')));
    if (message.type !== 'invoke') return;
    const { id, channel, args } = message;
    const result = await ipcMain.invoke(channel, event, args).then(
      (value) => ({ value }),
      (error) => ({ error: String(error) }),
    );
    this.deliver({ type: 'result', id, ...result });
  }
}

export class BrowserWindow extends EventEmitter {
  static all = new Set();
  static getAllWindows = () => [...BrowserWindow.all];
  static getFocusedWindow = () => [...BrowserWindow.all][0] ?? null;

  constructor(options) {
    super();
    this.options = options;
    this.destroyed = false;
    this.maximized = false;
    this.webContents = new WebContents(this);
    BrowserWindow.all.add(this);
  }

  async loadURL(url) {
    await this.webContents.attach();
    await this.webContents.page.goto(toPage(url));
    this.emit('ready-to-show');
  }

  getNormalBounds = () => ({ x: 0, y: 0, width: 1440, height: 900 });
  isDestroyed = () => this.destroyed;
  isMaximized = () => this.maximized;
  isMinimized = () => false;
  minimize() {}
  restore() {}
  show() {}
  focus() {
    this.emit('focus');
  }

  maximize() {
    this.maximized = true;
    this.emit('maximize');
  }

  unmaximize() {
    this.maximized = false;
    this.emit('unmaximize');
  }

  close() {
    let prevented = false;
    this.emit('close', { preventDefault: () => (prevented = true) });
    if (!prevented) void this.destroy();
  }

  async destroy() {
    if (this.destroyed) return;
    this.destroyed = true;
    BrowserWindow.all.delete(this);
    await this.webContents.page?.close();
    this.emit('closed');
    if (BrowserWindow.all.size === 0) app.emit('window-all-closed');
  }
}
