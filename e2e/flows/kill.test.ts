// kill -9 in a loop while messages to people who are away are being acknowledged: nothing acknowledged is lost.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { NodeUnderTest } from '../clients/node-under-test.ts';
import { RawClient } from '../clients/raw-client.ts';

const KILLS = 60;
let node: NodeUnderTest;

before(async () => {
  node = await NodeUnderTest.make('example.org', [
    'limits.offline_messages=1000000',
    'limits.bytes_per_second=0',
    'limits.stanzas_per_second=0',
    'log.level=info',
  ]);
  for (const name of ['anna', 'away']) node.parleyd(['user', 'add', name], 'secret\n');
});
after(() => node?.remove());

/** A generator of numbers that repeats for a seed. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return state / 0x7fffffff;
  };
}

test(`${KILLS} kills: every message that its sender could know was taken is there afterwards, once`, async (t) => {
  const next = random(20261124);
  const acknowledged = new Set<number>();
  let sent = 0;
  for (let round = 0; round < KILLS; round++) {
    await node.start();
    const anna = await RawClient.login(node.port, 'example.org', 'anna', 'secret');
    let lastKnown = sent;
    // RFC 6120 §10.1: stanzas are handled in order, so the answer to a ping says that the messages before it were taken
    anna.onData((text) => {
      for (const [, number] of text.matchAll(/id='p(\d+)'/g)) {
        acknowledged.add(Number(number));
        lastKnown = Number(number);
      }
    });
    let going = true;
    const sending = (async () => {
      while (going && !anna.closed) {
        if (sent - lastKnown > 2000) {
          await new Promise((resolve) => setTimeout(resolve, 1));
          continue;
        }
        for (let i = 0; i < 20; i++) {
          sent++;
          anna.send(
            `<message to='away@example.org' type='chat' id='m${sent}'><body>number ${sent}.</body></message><iq type='get' to='example.org' id='p${sent}'><ping xmlns='urn:xmpp:ping'/></iq>`,
          );
        }
        await new Promise((resolve) => setImmediate(resolve));
      }
    })();
    await new Promise((resolve) => setTimeout(resolve, 20 + next() * 120));
    await node.kill('SIGKILL');
    going = false;
    await sending;
    anna.destroy();
  }
  await node.start();
  const away = await RawClient.login(node.port, 'example.org', 'away', 'secret');
  const got = new Map<number, number>();
  let text = '';
  away.onData((piece) => {
    text += piece;
  });
  await away.ask("<presence/><iq type='get' to='example.org' id='end'><ping xmlns='urn:xmpp:ping'/></iq>", /id='end'/);
  for (const [, number] of text.matchAll(/number (\d+)\./g))
    got.set(Number(number), (got.get(Number(number)) ?? 0) + 1);
  const known = [...acknowledged];
  t.diagnostic(`${KILLS} kills, ${sent} messages sent, ${known.length} acknowledged, ${got.size} kept`);
  assert.ok(known.length > KILLS, `only ${known.length} were acknowledged: the test showed nothing`);
  assert.deepEqual(
    known.filter((number) => !got.has(number)),
    [],
    'acknowledged and lost',
  );
  assert.deepEqual(
    [...got].filter(([, times]) => times > 1),
    [],
    'there twice',
  );
  away.destroy();
  assert.doesNotMatch(node.log, / error /);
});
