import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FakeClient } from '../client/fake/fake-client.js';
import { withStores } from '../testing/with-stores.js';
import { LIGHT_MS, useSessionsStore } from './sessions.js';

describe('sessions store', () => {
  let client: FakeClient;
  let sessions: ReturnType<typeof useSessionsStore>;

  beforeEach(() => {
    vi.useFakeTimers();
    client = new FakeClient();
    sessions = withStores(client, () => useSessionsStore());
  });
  afterEach(() => vi.useRealTimers());

  const write = () => client.emit({ type: 'activity', machineId: 'm', drives: { disk1: 'write' }, serial: false });

  it('keeps a light on while data moves and lets it go out after', () => {
    write();
    vi.advanceTimersByTime(LIGHT_MS - 1);
    write();
    vi.advanceTimersByTime(LIGHT_MS - 1);
    expect(sessions.of('m').lights.get('disk1')).toBe('write');
    vi.advanceTimersByTime(1);
    expect(sessions.of('m').lights.size).toBe(0);
  });

  it('is not stalled any more once the machine is off', () => {
    const [machine] = [...client.machines.values()];
    const { id } = machine!.config;
    client.emit({ type: 'stalled', machineId: id, stalled: true });
    client.emit({ type: 'screen-size', machineId: id, width: 640, height: 480 });
    expect(sessions.of(id)).toMatchObject({ stalled: true, screen: { width: 640, height: 480 } });
    client.update(id, { state: 'crashed' });
    expect(sessions.of(id)).toMatchObject({ stalled: false, screen: null });
  });
});
