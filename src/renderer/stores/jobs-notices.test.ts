import { beforeEach, describe, expect, it } from 'vitest';
import { AnnexError } from '../../shared/contract/errors.js';
import type { JobView } from '../../shared/contract/events.js';
import { FakeClient } from '../client/fake/fake-client.js';
import { withStores } from '../testing/with-stores.js';
import { useJobsStore } from './jobs.js';
import { useNoticesStore } from './notices.js';

const job: JobView = {
  id: 'j',
  kind: 'demo',
  title: '',
  machineId: null,
  doneBytes: 0,
  totalBytes: 1000,
  state: 'running',
  error: null,
};

describe('jobs store', () => {
  it('estimates the time left from the mean speed', () => {
    const client = new FakeClient();
    const jobs = withStores(client, () => useJobsStore());
    client.emit({ type: 'job', job });
    const started = jobs.jobs.get('j')!.firstSeenAt;
    expect(jobs.secondsLeft('j', started + 5000)).toBeNull();
    client.emit({ type: 'job', job: { ...job, doneBytes: 250 } });
    expect(jobs.secondsLeft('j', started + 5000)).toBe(15);
    client.emit({ type: 'job', job: { ...job, doneBytes: 1000, state: 'done' } });
    expect(jobs.running).toEqual([]);
  });
});

describe('notices store', () => {
  let client: FakeClient;
  let notices: ReturnType<typeof useNoticesStore>;
  const shown = () => notices.problems.map((problem) => [problem.machineId, problem.error.code]);

  beforeEach(() => {
    client = new FakeClient();
    notices = withStores(client, () => useNoticesStore());
  });

  it('shows a failure of a request, once', async () => {
    const fail = () => Promise.reject(new AnnexError('no-space', 'The disk is full.'));
    expect(await notices.attempt(fail, 'm')).toBe(false);
    expect(await notices.attempt(fail, 'm')).toBe(false);
    expect(shown()).toEqual([['m', 'no-space']]);
    notices.clearFor('m');
    expect(shown()).toEqual([]);
  });

  it('does not complain about what was cancelled', async () => {
    await notices.attempt(() => Promise.reject(new AnnexError('cancelled', '')));
    expect(shown()).toEqual([]);
  });

  it('shows what the host tells', () => {
    client.emit({ type: 'notice', machineId: 'm', error: { code: 'io-error', message: 'x' } });
    expect(shown()).toEqual([['m', 'io-error']]);
  });

  it('turns any thrown value into an error of the contract', async () => {
    await notices.attempt(() => Promise.reject(new TypeError('boom')));
    expect(notices.problems[0]?.error).toMatchObject({ code: 'internal', cause: 'boom' });
  });
});
