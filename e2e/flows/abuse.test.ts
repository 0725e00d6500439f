// A part of `npm run abuse` (bench/abuse): what an attacker gets is bounded, and who chats meanwhile loses nothing.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ATTACKS } from '../abuse/attacks.ts';
import { sleep, Target } from '../abuse/target.ts';
import { Witness } from '../abuse/witness.ts';

const QUICK = [
  'huge, deep',
  'byte by byte',
  'resumption',
  'password of one account',
  'tiny stanzas',
  'presence that',
  'does not read',
  'fragments',
  'heads and bodies',
  'requests, as many',
];
let target: Target;
let witness: Witness;
before(async () => {
  target = await Target.make();
  witness = await Witness.come(target);
});
after(async () => {
  witness?.leave();
  await target?.node.remove();
});

for (const attack of ATTACKS.filter(({ name }) => QUICK.some((word) => name.includes(word))))
  test(attack.name, async (t) => {
    const { lost, messages } = await witness.during(async () => {
      const { got, held } = await attack.run(target, 1);
      t.diagnostic(got);
      assert.ok(held, got);
      await sleep(200);
    });
    assert.equal(lost, 0, 'a bystander lost a message');
    assert.ok(messages > 0);
  });

test('nothing of it was a bug, and refusals are counted', async () => {
  assert.doesNotMatch(target.node.log, / error /);
  for (const why of ['xml', 'guessing', 'reading', 'web_socket', 'web_request'])
    assert.ok((await target.refused(why)) > 0, why);
  assert.ok((await target.slowed('stanzas')) > 0);
});
