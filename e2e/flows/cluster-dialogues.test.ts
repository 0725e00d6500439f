// Every dialogue again, with those who speak at different nodes of one cluster. One that does not go as written is played once more, by
// itself: what one node tells another takes a moment longer than what it knows, and a busy machine makes moments long.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { accountsFor, allDialogues, awaited, isAwaited, nameOf, playAll } from '../dialogues/runner/library.ts';
import { startCluster } from '../dialogues/runner/servers.ts';
import { skipNats } from '../hosts/nats.ts';
import { skipPostgres } from '../hosts/postgres.ts';

const unable = skipPostgres || skipNats;
const list = awaited();
const due = allDialogues().filter((dialogue) => !isAwaited(dialogue, list));
/** accounts for those that are played again */
const SPARE = 200;
const host = unable ? undefined : await startCluster(accountsFor(due) + SPARE);
after(() => host?.stop());
const results = host === undefined ? [] : await playAll(due, host.stage);
const again = results.filter(({ failure }) => failure !== undefined).map(({ dialogue }) => dialogue);
const second = host === undefined || again.length > 20 ? [] : await playAll(again, host.stage, undefined, 1);

for (const result of results) {
  const { dialogue, failure } = second.find((one) => one.dialogue === result.dialogue) ?? result;
  test(`over three nodes: ${nameOf(dialogue)} (${dialogue.clause})`, () => {
    if (failure !== undefined) assert.fail(`\n${failure}`);
  });
}
test('the dialogues were played', { skip: unable }, (t) => {
  t.diagnostic(`${results.length} dialogues, ${again.length} of them twice`);
  assert.equal(results.length, due.length);
});
