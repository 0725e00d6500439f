// Addresses and passwords out of any text: prepared twice they are as prepared once, within their bounds.
import assert from 'node:assert/strict';
import { fuzz } from '../fuzz.fixture.ts';
import { encode } from '../xml/chars.ts';
import { JidCache, parseJid } from './jid.ts';
import { prepareLocal, preparePassword, prepareResource } from './precis.ts';

const bytes = (text: string) => Buffer.byteLength(text);

fuzz('addresses', 6000, (random) => {
  const part = () => (random.below(6) === 0 ? random.text(1200) : random.text(12));
  const text =
    random.below(3) === 0
      ? part()
      : `${part()}@${random.of(['example.org', 'EXAMPLE.org', '[::1]', part()])}/${part()}`;
  const jid = parseJid(text);
  if (jid === undefined) return;
  for (const one of [jid.local, jid.domain, jid.resource]) assert.ok(bytes(one) <= 1023, 'a part that is too long');
  assert.ok(!/[@/]/.test(jid.local) && jid.domain !== '');
  const again = parseJid(jid.toString());
  assert.deepEqual(
    [again?.local, again?.domain, again?.resource],
    [jid.local, jid.domain, jid.resource],
    JSON.stringify(text),
  );
  assert.ok(!/[<&'"]/.test(jid.wire.replace(/&(?:amp|lt|gt|quot|apos|#39);/g, '')), jid.wire);
  assert.equal(new JidCache().parse(encode(jid.toString()))?.toString(), jid.toString());
});

fuzz('names, resources and passwords', 6000, (random) => {
  const text = random.below(6) === 0 ? random.text(1200) : random.text(20);
  for (const prepare of [prepareLocal, prepareResource, preparePassword]) {
    const once = prepare(text);
    if (once !== undefined) assert.equal(prepare(once), once, JSON.stringify(text));
  }
});
