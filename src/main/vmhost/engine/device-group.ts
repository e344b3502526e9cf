import { readFileSync, statSync, type Stats } from 'node:fs';

const GROUP_READ_WRITE = 0o060;

/**
 * What lets a user open a device: the group that may, if there is one other than root's.
 * @param groups text of /etc/group: `name:password:number:members` by line
 */
export function accessAdvice({ gid, mode }: Pick<Stats, 'gid' | 'mode'>, groups: string): string {
  const name = groups
    .split('\n')
    .map((line) => line.split(':'))
    .find(([, , id]) => id === String(gid))?.[0];
  if (gid === 0 || name === undefined || (mode & GROUP_READ_WRITE) !== GROUP_READ_WRITE)
    return 'have the administrator let a group of yours open it (a udev rule: KERNEL=="kvm", GROUP="kvm", MODE="0660")';
  return `add the user to the group '${name}', which may open it (sudo usermod -aG ${name} USER), and log in again`;
}

/** The same for this host's /dev/kvm. */
export function joinGroup(): string {
  try {
    return accessAdvice(statSync('/dev/kvm'), readFileSync('/etc/group', 'utf8'));
  } catch {
    return accessAdvice({ gid: 0, mode: 0 }, '');
  }
}
