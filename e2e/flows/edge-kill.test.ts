// kill -9 of a core behind its edge while people chat: nobody is disconnected, nothing that was acknowledged is lost, nothing
// comes twice. Every fourth time the core is stopped in order. PARLEY_KILLS: how often.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { NodeUnderTest } from '../clients/node-under-test.ts';
import { BehindEdge } from '../kill/behind-edge.ts';
import { DOMAIN, PASSWORD, sleep } from '../kill/room.ts';

const KILLS = Number(process.env['PARLEY_KILLS'] ?? 6);
let node: NodeUnderTest;

before(async () => {
  const settings = [
    'limits.offline_messages=1000000',
    'limits.bytes_per_second=0',
    'limits.stanzas_per_second=0',
    'limits.unacknowledged_stanzas=1000000',
    'edge.grace_seconds=2',
  ];
  node = await NodeUnderTest.make(DOMAIN, settings, true);
});
after(() => node?.remove());

test(`${KILLS} kills of a core behind its edge: clients notice nothing`, async (t) => {
  const room = new BehindEdge(node);
  for (const name of room.people) node.parleyd(['user', 'add', name], `${PASSWORD}\n`);
  await node.start();
  await room.begin();
  let random = 20261124;
  const next = () => {
    random = (Math.imul(random, 1103515245) + 12345) & 0x7fffffff;
    return random / 0x7fffffff;
  };
  for (let kills = 0; kills < KILLS; kills++) {
    await sleep(100 + next() * 600);
    await node.killCore(kills % 4 === 3 ? 'SIGTERM' : 'SIGKILL');
    if (kills % 3 === 2) await sleep(next() * 700);
    await node.startCore();
    await room.check();
  }
  await sleep(500);
  t.diagnostic(await room.end());
  assert.doesNotMatch(node.log, / error /);
});
