// What a message costs the router, without sockets: while nobody blocks anybody, while somebody else does, and while its
// recipient does. Run it with Bun: node_modules/@oven/bun-linux-x64/bin/bun bench/runtime/routing.mjs
import { World } from '../../server-node/world.fixture.ts';
import { encode } from '../../server-node/xml/chars.ts';
import { readTag } from '../../server-node/xml/tag.ts';

const BLOCK = "<iq type='set' id='x'><block xmlns='urn:xmpp:blocking'><item jid='dora@example.org'/></block></iq>";
const raw = encode("<message to='bert@example.org' type='chat' id='m1'><body>hello there</body></message>");
const tag = readTag(raw, 0, 100);

/** Median of seven runs, nanoseconds a message. */
async function measure(blocker) {
  const world = new World();
  await world.people('anna', 'bert', 'carl', 'dora');
  const anna = await world.come('anna/a');
  const others = { bert: await world.come('bert/b'), carl: await world.come('carl/c') };
  if (blocker !== undefined) await others[blocker].says(BLOCK);
  others.bert.incoming.push = () => 0;
  const run = (times) => {
    const began = performance.now();
    for (let i = 0; i < times; i++) world.router.receive(anna.session, tag, raw);
    return ((performance.now() - began) * 1e6) / times;
  };
  run(200_000);
  const runs = Array.from({ length: 7 }, () => run(300_000)).sort((a, b) => a - b);
  return Math.round(runs[3]);
}

for (const [what, blocker] of [
  ['nobody blocks anybody', undefined],
  ['somebody else does', 'carl'],
  ['the recipient does, but not the sender', 'bert'],
])
  console.log(`${what}: ${await measure(blocker)} ns a message`);
