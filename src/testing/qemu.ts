import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { toolMissing } from './debian-packages.js';
import { SerialDialogue } from './serial-dialogue.js';

/** Why QEMU cannot be used here to compare with, or `undefined`. */
export function qemuMissing(): string | undefined {
  return toolMissing('qemu-system-x86_64');
}

export interface QemuRun {
  readonly dialogue: SerialDialogue;
  /** Resolves with QEMU's exit code when the guest is off. */
  readonly ended: Promise<number>;
  kill(): void;
}

/** Boots a raw disk under QEMU's PC with TCG: IDE disk, serial line to the dialogue, no network. */
export function bootInQemu(disk: string, options: { readonly memoryMiB?: number } = {}): QemuRun {
  const drive = `file=${disk},format=raw,if=ide`;
  const args = ['-accel', 'tcg', '-m', String(options.memoryMiB ?? 512), '-drive', drive, '-net', 'none'];
  const child = spawn('qemu-system-x86_64', [...args, '-display', 'none', '-serial', 'stdio', '-no-reboot']);
  const dialogue = new SerialDialogue((text) => child.stdin.write(text));
  child.stdout.setEncoding('latin1').on('data', (text: string) => dialogue.receive(text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => dialogue.receive(`[qemu] ${text}`));
  const ended = once(child, 'exit').then(([code]) => (code as number | null) ?? -1);
  return { dialogue, ended, kill: () => child.kill('SIGKILL') };
}
