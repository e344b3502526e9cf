// Runs sandboxed, in an isolated world: it may use nothing of Node but what Electron hands to preload scripts, and what
// it exposes is all that the page can reach.
import { contextBridge, ipcRenderer, webUtils, type IpcRendererEvent } from 'electron';
import { BRIDGE, type AnnexBridge, type BridgeAnswer, type WindowAction } from '../shared/contract/bridge.js';
import type { DesktopBridge } from '../shared/contract/desktop.js';
import type { HostEvent } from '../shared/contract/events.js';

function subscribe<T extends unknown[]>(channel: string, listener: (...args: T) => void): () => void {
  const handler = (_event: IpcRendererEvent, ...args: unknown[]): void => listener(...(args as T));
  ipcRenderer.on(channel, handler);
  return () => void ipcRenderer.off(channel, handler);
}

const windowAction = (action: WindowAction): void => ipcRenderer.send(BRIDGE.window, action);

const annex: AnnexBridge = {
  request: (name, payload) => ipcRenderer.invoke(BRIDGE.request, name, payload) as Promise<BridgeAnswer>,
  onEvent: (listener) => subscribe<[HostEvent]>(BRIDGE.event, listener),
};

const desktop: DesktopBridge = {
  platform: process.platform,
  minimize: () => windowAction('minimize'),
  toggleMaximize: () => windowAction('toggle-maximize'),
  requestClose: () => windowAction('close'),
  onMaximizedChanged: (listener) => subscribe<[boolean]>(BRIDGE.maximized, listener),
  onCloseRequested: (listener) => subscribe<[]>(BRIDGE.closeRequested, listener),
  answerClose: (answer) => ipcRenderer.send(BRIDGE.closeAnswer, answer),
  pathForFile: (file) => webUtils.getPathForFile(file as Parameters<typeof webUtils.getPathForFile>[0]),
  showMachineFolder: (machineId) => ipcRenderer.invoke(BRIDGE.showFolder, machineId) as Promise<void>,
  openExternal: (url) => ipcRenderer.send(BRIDGE.openExternal, url),
};

contextBridge.exposeInMainWorld('annex', annex);
contextBridge.exposeInMainWorld('desktop', desktop);

ipcRenderer.on(BRIDGE.port, (event, channel: number) => {
  window.postMessage({ annexChannel: channel }, window.location.origin, event.ports);
});
