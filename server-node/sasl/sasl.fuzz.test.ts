// What clients say in a login, changed at random: the answer is a failure or a challenge, and never a login.
import assert from 'node:assert/strict';
import { fuzz, type Random } from '../fuzz.fixture.ts';
import { readBase64 } from '../stream/base64.ts';
import { HashedToken } from './hashed-token.ts';
import type { Channel, Credentials, Mechanism } from './mechanism.ts';
import { Offer } from './offer.ts';
import { ScramClient } from './scram-client.ts';
import { keyRing, SCRAM_MECHANISMS, type ScramMechanism } from './scram-keys.ts';

const KEYS = await keyRing('pencil', 4096);
const credentials: Credentials = {
  prepare: (name) => (name === '' ? undefined : name.toLowerCase()),
  keys: async (mechanism) => KEYS[mechanism],
  state: async () => 'active',
  check: async (_name, password) => (password === 'pencil' ? 'proof' : undefined),
  proof: async () => 'proof',
};
const channel: Channel = {
  tls: 'TLSv1.3',
  bindings: ['tls-exporter'],
  binding: (type) => (type === 'tls-exporter' ? Buffer.from('channel') : undefined),
  certified: ['anna@example.org'],
};
const offer = () =>
  new Offer({
    domain: 'example.org',
    channel,
    credentials,
    admit: () => true,
    scram: SCRAM_MECHANISMS,
    plain: true,
    strictBinding: false,
  });
const ALPHABET = 'npry=,:/+\0\u00ff23CDac ';

async function steps(mechanism: Mechanism, messages: readonly string[]): Promise<string[]> {
  const kinds: string[] = [];
  for (const message of messages) kinds.push((await mechanism.step(Buffer.from(message, 'utf8'))).kind);
  return kinds;
}

fuzz('first messages of every mechanism', 3000, async (random) => {
  const { names } = offer();
  const name = random.of(names.filter((one) => one !== 'PLAIN' && one !== 'EXTERNAL'));
  const mechanism = offer().begin(name);
  assert.ok(mechanism);
  const first = random.of([
    'n,,n=anna,r=abc',
    'y,,n=anna,r=abc',
    'p=tls-exporter,,n=anna,r=abc',
    'n,a=anna,n=anna,r=abc',
  ]);
  const said = random.below(5) === 0 ? random.text(40) : random.mutated(first, ALPHABET);
  const kinds = await steps(mechanism, [said, random.text(60), 'c=biws,r=abc,p=AAAA']);
  assert.ok(!kinds.includes('success'), said);
});

fuzz('the last message of SCRAM: changed in a byte it proves nothing', 60, async (random) => {
  const name = random.of(SCRAM_MECHANISMS) as ScramMechanism;
  const mechanism = new Offer({ ...baseOptions, channel: { ...channel, bindings: [] } }).begin(name);
  assert.ok(mechanism);
  const client = new ScramClient(name, 'anna');
  const challenge = await mechanism.step(Buffer.from(client.first(), 'base64'));
  assert.ok(challenge.kind === 'challenge');
  const final = Buffer.from(client.final(challenge.data.toString('base64'), 'pencil') ?? '', 'base64').toString();
  const changed = random.mutated(final, 'abcABC019+/=,');
  const { kind } = await mechanism.step(Buffer.from(changed));
  assert.ok(kind !== 'success' || sameProof(changed, final), changed);
});

const baseOptions = {
  domain: 'example.org',
  channel,
  credentials,
  admit: () => true,
  scram: SCRAM_MECHANISMS,
  plain: true,
  strictBinding: false,
};
/** The same bytes, though base64 may be written otherwise: its last bits are not all used. */
function sameProof(one: string, other: string): boolean {
  const parts = (text: string) => {
    const at = text.lastIndexOf(',p=');
    return [text.slice(0, at), Buffer.from(text.slice(at + 3), 'base64').toString('hex')];
  };
  return JSON.stringify(parts(one)) === JSON.stringify(parts(other));
}

fuzz('PLAIN, EXTERNAL and tokens', 3000, async (random) => {
  const said = (right: string) => (random.below(4) === 0 ? random.text(50) : random.mutated(right, ALPHABET));
  const plain = said('\0anna\0pencil');
  const kind = (await steps(offer().begin('PLAIN') as Mechanism, [plain]))[0];
  assert.ok(kind !== 'success' || plain.split('\0')[2] === 'pencil', JSON.stringify(plain));
  const external = said('anna@example.org');
  const taken = (await steps(offer().begin('EXTERNAL') as Mechanism, [external]))[0];
  assert.ok(taken !== 'success' || external === '' || /^anna@example\.org/i.test(external), JSON.stringify(external));
  const token = new HashedToken(
    'HT-SHA-256-EXPR',
    channel,
    credentials,
    tokens(random),
    () => true,
    () => 0,
  );
  assert.deepEqual(await steps(token, [said(`anna\0${'x'.repeat(32)}`)]), ['failure']);
});

const tokens = (random: Random) => async () => [
  { id: 't', secret: `${random.next()}`, mechanism: 'HT-SHA-256-EXPR' as const, expiresAt: 1 },
];

fuzz('base64: read only when written so', 3000, (random) => {
  const bytes = Buffer.from(Array.from({ length: random.below(40) }, () => random.below(256)));
  assert.deepEqual(readBase64(bytes.toString('base64')), bytes);
  const changed = random.mutated(bytes.toString('base64'), 'Aa0+/=- \n_');
  const read = readBase64(changed);
  if (read !== undefined) assert.equal(changed.length, Math.ceil(read.length / 3) * 4);
});
