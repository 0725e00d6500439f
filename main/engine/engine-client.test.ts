import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EngineState } from '../../shared/console-api/window.ts';
import { ParleyError } from '../../shared/errors.ts';
import { createEngineClient } from './engine-client.ts';
import type { ToEngine } from './messages.ts';

/** A client, and the far end of each process it opens. */
function opened() {
  const ends: { sent: ToEngine[]; say: (message: unknown) => void; exit: (code: number | null) => void }[] = [];
  const states: EngineState['state'][] = [];
  const client = createEngineClient({
    start: { kind: 'start', dataDir: '', releasesDir: '', version: '', keychain: false, home: { folder: '' } },
    lockbox: (action, text) => (action === 'encrypt' ? `locked ${text}` : null),
    onEvent: () => undefined,
    onState: ({ state }) => states.push(state),
    open: (say, exit) => {
      const sent: ToEngine[] = [];
      ends.push({ sent, say, exit });
      return { send: (message) => sent.push(message), kill: () => undefined };
    },
  });
  client.begin();
  const end = (at: number) => ends[at] ?? assert.fail('no process was opened');
  return { client, states, end };
}

test('calls wait until the engine is ready, and are answered by their id', async () => {
  const { client, end } = opened();
  const [first, second] = [client.call('app.info', {}), client.call('hosts.list', {})];
  assert.deepEqual(
    end(0).sent.map((it) => it.kind),
    ['start'],
  );
  end(0).say({ kind: 'ready' });
  assert.deepEqual(
    end(0).sent.map((it) => it.kind),
    ['start', 'call', 'call'],
  );
  const fault = { code: 'no-host', what: 'w', why: 'y', todo: 't' };
  end(0).say({ kind: 'fault', id: 2, fault });
  end(0).say({ kind: 'result', id: 1, result: 7 });
  assert.equal(await first, 7);
  await assert.rejects(second, (error) => error instanceof ParleyError && error.code === 'no-host');
});

test('when its process dies, what waits is told why, and it can begin again', async () => {
  const { client, states, end } = opened();
  end(0).say({ kind: 'ready' });
  const waits = client.call('app.info', {});
  end(0).exit(null);
  await assert.rejects(waits, /ended by a signal/);
  await assert.rejects(client.call('app.info', {}), /engine has stopped/);
  client.begin();
  end(1).say({ kind: 'ready' });
  assert.deepEqual(states, ['starting', 'ready', 'lost', 'starting', 'ready']);
  end(0).exit(1); // the old one has nothing more to say
  assert.equal(client.state().state, 'ready');
});

test('texts are locked by the keychain when the engine asks', () => {
  const { end } = opened();
  end(0).say({ kind: 'lockbox', id: 4, action: 'encrypt', text: 'x' });
  end(0).say({ kind: 'lockbox', id: 5, action: 'decrypt', text: 'x' });
  assert.deepEqual(end(0).sent.slice(1), [
    { kind: 'lockbox', id: 4, text: 'locked x' },
    { kind: 'lockbox', id: 5, text: null },
  ]);
});

test('stop waits for the process to end', async () => {
  const { client, end } = opened();
  end(0).say({ kind: 'ready' });
  const stopped = client.stop();
  assert.deepEqual(end(0).sent.at(-1), { kind: 'stop' });
  end(0).exit(0);
  await stopped;
});
