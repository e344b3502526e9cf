import { describe, expect, it } from 'vitest';
import { accessAdvice } from './device-group.js';

const GROUPS = 'root:x:0:\nkvm:x:105:\nvirt:x:990:ada\n';

describe('accessAdvice', () => {
  it.each([
    ['kvm', 105],
    ['virt', 990],
  ])('names the group %s if the device is its', (name, gid) => {
    expect(accessAdvice({ gid, mode: 0o20660 }, GROUPS)).toContain(`usermod -aG ${name} USER`);
  });

  it.each([
    ['root’s alone', { gid: 0, mode: 0o20660 }],
    ['of a group nobody knows', { gid: 7, mode: 0o20660 }],
    ['not even its group’s', { gid: 105, mode: 0o20600 }],
  ])('sends nobody into a group where the device is %s', (_what, device) => {
    expect(accessAdvice(device, GROUPS)).toContain('udev rule');
    expect(accessAdvice(device, GROUPS)).not.toContain('usermod');
  });
});
