import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deferred } from './deferred.ts';
import { fakeHost } from './fake-host.ts';
import { connectionLost, type Host } from './host.ts';
import { createPool } from './pool.ts';

/** A pool whose connections the test opens by hand. */
function handled() {
  const attempts: { host: ReturnType<typeof deferred<Host>>; signal: AbortSignal }[] = [];
  const pool = createPool((_id, signal) => {
    const host = deferred<Host>();
    signal.addEventListener('abort', () => host.reject(new Error('gave up')));
    attempts.push({ host, signal });
    return host.promise;
  });
  return { pool, attempts };
}

test('everybody who asks for a host shares one connection', async () => {
  const { pool, attempts } = handled();
  const both = [pool.get('h'), pool.get('h')];
  const host = fakeHost(() => ({}));
  attempts[0]?.host.resolve(host);
  assert.deepEqual(await Promise.all(both), [host, host]);
  assert.equal(await pool.get('h'), host);
  assert.equal(attempts.length, 1);
});

test('one that is lost, or could not be made, is made anew for the next who asks', async () => {
  const { pool, attempts } = handled();
  const first = pool.get('h');
  attempts[0]?.host.reject(new Error('refused'));
  await assert.rejects(first, /refused/);
  const second = pool.get('h');
  let lose: (() => void) | undefined;
  attempts[1]?.host.resolve({
    ...fakeHost(() => ({})),
    onClose: (tell) => (lose = () => tell(connectionLost('h', ''))),
  });
  await second;
  lose?.();
  pool.get('h').catch(() => undefined);
  assert.equal(attempts.length, 3);
});

test('who cancels stops waiting; the attempt ends with the last of them', async () => {
  const { pool, attempts } = handled();
  const [a, b] = [new AbortController(), new AbortController()];
  const [one, two] = [pool.get('h', a.signal), pool.get('h', b.signal)];
  a.abort();
  await assert.rejects(one, { code: 'cancelled' });
  assert.equal(attempts[0]?.signal.aborted, false);
  b.abort();
  await assert.rejects(two, { code: 'cancelled' });
  assert.equal(attempts[0]?.signal.aborted, true);
});
