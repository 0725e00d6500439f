// kill -9 in a loop while people chat, change their rosters, subscribe, log in by tokens and resume: nothing that was
// acknowledged is lost, or there twice. Every eighth time the server is stopped in order. PARLEY_KILLS: how often.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { NodeUnderTest } from '../clients/node-under-test.ts';
import { Gone } from '../clients/raw-client.ts';
import { Chat } from '../kill/chat.ts';
import { DOMAIN, PASSWORD, sleep } from '../kill/room.ts';
import { Rosters, Subscriptions } from '../kill/rosters.ts';
import { Tokens } from '../kill/tokens.ts';

const KILLS = Number(process.env['PARLEY_KILLS'] ?? 40);
const rooms = [new Chat(), new Rosters(), new Subscriptions(), new Tokens()];
let node: NodeUnderTest;

before(async () => {
  node = await NodeUnderTest.make(DOMAIN, [
    'limits.offline_messages=1000000',
    'limits.bytes_per_second=0',
    'limits.stanzas_per_second=0',
  ]);
  for (const name of rooms.flatMap(({ people }) => people)) node.parleyd(['user', 'add', name], `${PASSWORD}\n`);
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

test(`${KILLS} kills: what was acknowledged is there afterwards, once`, async (t) => {
  const next = random(20261124);
  let stopped: 'kill' | 'stop' | 'never' = 'never';
  let [kills, stops] = [0, 0];
  for (let round = 1; kills < KILLS; round++) {
    await node.start();
    let over = false;
    const going = rooms.map((room) =>
      room
        .round(node, stopped, () => over)
        .catch((error: unknown) => {
          if (!(error instanceof Gone)) throw error;
        }),
    );
    const failed = Promise.all(going).then(() => undefined);
    failed.catch(() => {});
    // rooms need some 50 ms to log in; a kill may come then as well
    await Promise.race([sleep(30 + next() * 400), failed]);
    stopped = round % 8 === 0 ? 'stop' : 'kill';
    if (stopped === 'kill') kills++;
    else stops++;
    await node.kill(stopped === 'kill' ? 'SIGKILL' : 'SIGTERM');
    over = true;
    await failed;
  }
  await node.start();
  for (const room of rooms) t.diagnostic(await room.end(node));
  t.diagnostic(`${kills} kills, ${stops} stops`);
  assert.doesNotMatch(node.log, / error /);
});
