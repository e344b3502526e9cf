/** What the person chose when asked about running machines while the window closes. */
export type CloseAnswer = 'suspend' | 'power-off' | 'background' | 'cancel';

/**
 * What only a native window has: `window.desktop`, exposed by the preload script, absent in served mode. Everything else
 * goes through {@link AnnexClient}.
 */
export interface DesktopBridge {
  /** `process.platform` of the host; macOS draws its own window buttons on the left. */
  readonly platform: string;
  minimize(): void;
  toggleMaximize(): void;
  /** Asks to close the window, as its button does. */
  requestClose(): void;
  onMaximizedChanged(listener: (maximized: boolean) => void): () => void;
  /** The window is about to close while machines run; the answer goes to {@link answerClose}. */
  onCloseRequested(listener: () => void): () => void;
  answerClose(answer: CloseAnswer): void;
  /** Path of a dropped DOM `File`, for `media.add`; empty when it has none. */
  pathForFile(file: object): string;
  /** Shows the folder of a machine in the host's file manager. */
  showMachineFolder(machineId: string): Promise<void>;
  openExternal(url: string): void;
}
