import { expect, it } from 'vitest';
import type { BlockDevice, BlockRequest, BlockStatus } from './block-device.js';
import { FullDiskGuard } from './full-disk-guard.js';

it('holds requests that found no room until the machine goes on', () => {
  const submitted: BlockRequest[] = [];
  const device: BlockDevice = { info: { sectors: 9, readonly: false }, submit: (r) => void submitted.push(r) };
  let pauses = 0;
  const guard = new FullDiskGuard(device, () => pauses++);
  const results: BlockStatus[] = [];
  const segments = [{ offset: 0, length: 512 }];
  guard.submit({ op: 'write', sector: 3, count: 1, segments, onDone: (s) => results.push(s) });
  guard.submit({ op: 'flush', sector: 0, count: 0, segments: [], onDone: (s) => results.push(s) });
  submitted.shift()!.onDone('no-space');
  submitted.shift()!.onDone('ok');
  expect(results).toEqual(['ok']);
  expect(pauses).toBe(1);
  expect(guard.heldRequests).toBe(1);

  guard.retry();
  expect(submitted).toHaveLength(1);
  submitted.shift()!.onDone('no-space');
  expect(pauses).toBe(2);

  guard.retry();
  expect(submitted[0]).toMatchObject({ op: 'write', sector: 3, count: 1, segments });
  submitted.shift()!.onDone('ok');
  expect(results).toEqual(['ok', 'ok']);
  expect(guard.heldRequests).toBe(0);
});
