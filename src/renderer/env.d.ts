/// <reference types="vite/client" />
import type { DesktopBridge } from '../shared/contract/desktop.js';

declare global {
  interface Window {
    /** Present in the Electron window only. */
    readonly desktop?: DesktopBridge;
  }
}
