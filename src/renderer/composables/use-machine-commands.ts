import type { MachineView } from '../../shared/contract/machine-view.js';
import { useText } from '../app/i18n/use-text.js';
import { useClient } from '../client/client-context.js';
import { chordEvents, type KeyChord } from '../features/console/key-chords.js';
import { useDialogsStore } from '../stores/dialogs.js';
import { useLibraryStore } from '../stores/library.js';
import { useNoticesStore } from '../stores/notices.js';
import { download, fromBase64 } from './download.js';
import { isOn, type PowerCommand } from './power.js';

/** What a person does to a machine: asks first where something can be lost, and shows what went wrong. */
export interface MachineCommands {
  power(machine: MachineView, command: PowerCommand): Promise<boolean>;
  powerOff(machine: MachineView): Promise<void>;
  /** What the guest writes is discarded when it goes off. */
  startDisposable(machine: MachineView): Promise<boolean>;
  discardState(machine: MachineView): Promise<void>;
  reset(machine: MachineView): Promise<void>;
  remove(machine: MachineView): Promise<boolean>;
  sendChord(machine: MachineView, chord: KeyChord): Promise<boolean>;
  typeText(machine: MachineView, text: string): Promise<void>;
  typeClipboard(machine: MachineView): Promise<void>;
  screenshot(machine: MachineView): Promise<void>;
  copyScreenText(machine: MachineView): Promise<void>;
  setMedium(machine: MachineView, driveId: string, mediaId: string | null): Promise<void>;
}

export function useMachineCommands(): MachineCommands {
  const client = useClient();
  const dialogs = useDialogsStore();
  const library = useLibraryStore();
  const notices = useNoticesStore();
  const { t, formats } = useText();

  function power(machine: MachineView, command: PowerCommand): Promise<boolean> {
    const { id } = machine.config;
    if (command === 'start') notices.clearFor(id);
    return notices.attempt(() => client.request(`machine.${command}`, { id }), id);
  }

  function startDisposable(machine: MachineView): Promise<boolean> {
    const { id } = machine.config;
    notices.clearFor(id);
    return notices.attempt(() => client.request('machine.start', { id, disposable: true }), id);
  }

  async function discardState(machine: MachineView): Promise<void> {
    const { id, name } = machine.config;
    const choice = await dialogs.confirm(t('dialog.discardTitle', { name }), t('dialog.discardText'), [
      { id: 'discard', label: t('dialog.discardButton'), tone: 'danger' },
    ]);
    if (choice === 'discard') await notices.attempt(() => client.request('machine.discardState', { id }), id);
  }

  async function powerOff(machine: MachineView): Promise<void> {
    const name = machine.config.name;
    const choice = await dialogs.confirm(t('dialog.powerOffTitle', { name }), t('dialog.powerOffText'), [
      { id: 'off', label: t('dialog.powerOff'), tone: 'danger' },
    ]);
    if (choice === 'off') await power(machine, 'powerOff');
  }

  async function reset(machine: MachineView): Promise<void> {
    const name = machine.config.name;
    const choice = await dialogs.confirm(t('dialog.resetTitle', { name }), t('dialog.resetText'), [
      { id: 'reset', label: t('action.reset'), tone: 'danger' },
    ]);
    if (choice === 'reset') await power(machine, 'reset');
  }

  async function remove(machine: MachineView): Promise<boolean> {
    const { id, name } = machine.config;
    if (isOn(machine.state)) return false;
    const text = t('dialog.deleteText', { size: formats.value.bytes(machine.diskBytes) });
    const choice = await dialogs.confirm(t('dialog.deleteTitle', { name }), text, [
      { id: 'delete', label: t('dialog.deleteButton'), tone: 'danger' },
    ]);
    return choice === 'delete' && notices.attempt(() => library.remove(id), id);
  }

  function sendChord(machine: MachineView, chord: KeyChord): Promise<boolean> {
    const { id } = machine.config;
    return notices.attempt(() => client.request('machine.input', { id, events: chordEvents(chord) }), id);
  }

  async function typeText(machine: MachineView, text: string): Promise<void> {
    const { id } = machine.config;
    await notices.attempt(async () => {
      const { typed, skipped } = await client.request('machine.type', { id, text });
      notices.say(skipped === '' ? t('console.typed', { n: typed }) : t('console.notTyped', { n: typed, skipped }));
    }, id);
  }

  /** Where the browser does not hand out the clipboard, a dialog takes the text instead. */
  async function typeClipboard(machine: MachineView): Promise<void> {
    const text = await navigator.clipboard?.readText().catch(() => null);
    if (text === null || text === undefined) return dialogs.open({ kind: 'type-text', machineId: machine.config.id });
    if (text === '') return notices.say(t('console.clipboardEmpty'));
    await typeText(machine, text);
  }

  async function screenshot(machine: MachineView): Promise<void> {
    const { id, name } = machine.config;
    await notices.attempt(async () => {
      const { png } = await client.request('machine.screenshot', { id });
      const stamp = new Date().toISOString().slice(0, 19).replaceAll(':', '-');
      download(`${name} ${stamp}.png`, new Blob([fromBase64(png)], { type: 'image/png' }));
      notices.say(t('console.screenshotSaved'));
    }, id);
  }

  async function copyScreenText(machine: MachineView): Promise<void> {
    const { id } = machine.config;
    await notices.attempt(async () => {
      const { text } = await client.request('machine.screenText', { id });
      if (text !== null) await navigator.clipboard.writeText(text);
      notices.say(t(text === null ? 'console.screenTextNone' : 'console.screenTextCopied'));
    }, id);
  }

  async function setMedium(machine: MachineView, driveId: string, mediaId: string | null): Promise<void> {
    const { id } = machine.config;
    const drive = machine.drives.find((view) => view.id === driveId);
    let force = false;
    if (drive?.locked) {
      const choices = [{ id: 'force', label: t('media.forceButton'), tone: 'danger' as const }];
      if ((await dialogs.confirm(t('media.forceTitle'), t('media.forceText'), choices)) !== 'force') return;
      force = true;
    }
    await notices.attempt(() => client.request('machine.setMedium', { id, driveId, mediaId, force }), id);
  }

  return {
    power,
    powerOff,
    startDisposable,
    discardState,
    reset,
    remove,
    sendChord,
    typeText,
    typeClipboard,
    screenshot,
    copyScreenText,
    setMedium,
  };
}
