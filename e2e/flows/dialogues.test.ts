// Conversations with parleyd that anyone can read: e2e/dialogues/README.md says how. One test for each of them.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import {
  accountsFor,
  allDialogues,
  awaited,
  isAwaited,
  nameOf,
  playAll,
  unknownAwaited,
} from '../dialogues/runner/library.ts';
import { startParleyd } from '../dialogues/runner/servers.ts';

const all = allDialogues();
const list = awaited();
const due = all.filter((dialogue) => !isAwaited(dialogue, list));
const host = await startParleyd(accountsFor(due));
after(() => host.stop());
const results = new Map((await playAll(due, host.stage)).map((result) => [result.dialogue, result]));

test('what is awaited exists', () => assert.deepEqual(unknownAwaited(all, list), []));

for (const dialogue of all) {
  const result = results.get(dialogue);
  const skip = result === undefined ? 'awaited, see e2e/dialogues/awaited.txt' : false;
  test(`${nameOf(dialogue)} (${dialogue.clause})`, { skip }, () => {
    if (result?.failure !== undefined) assert.fail(`\n${result.failure}`);
  });
}
