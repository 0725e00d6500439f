import assert from 'node:assert/strict';
import { createHash, createHmac } from 'node:crypto';
import { test } from 'node:test';
import { HashedToken, type KnownToken } from './hashed-token.ts';
import type { Channel, Credentials } from './mechanism.ts';
import { Offer } from './offer.ts';
import { keyRing, SCRAM_MECHANISMS } from './scram-keys.ts';

const KEYS = await keyRing('pencil', 4096);
const credentials = (state: 'active' | 'suspended' | 'unknown' = 'active'): Credentials => ({
  prepare: (name) => (name === '' ? undefined : name.toLowerCase()),
  keys: async (mechanism) => KEYS[mechanism],
  state: async () => state,
  check: async (_name, password) => (password === 'pencil' ? 'proof' : undefined),
  proof: async () => 'proof',
});
const channel = (more: Partial<Channel> = {}): Channel => ({
  tls: 'TLSv1.3',
  bindings: [],
  binding: (type) => Buffer.from(type),
  certified: [],
  ...more,
});
const offerOf = (more: Partial<Channel> = {}, plain = false, state?: 'suspended' | 'unknown') =>
  new Offer({
    domain: 'example.org',
    channel: channel(more),
    credentials: credentials(state),
    admit: () => true,
    scram: SCRAM_MECHANISMS,
    plain,
    strictBinding: false,
  });

test('what is offered depends on the channel alone', () => {
  assert.deepEqual(offerOf().names, ['SCRAM-SHA-512', 'SCRAM-SHA-256', 'SCRAM-SHA-1']);
  const all = offerOf({ bindings: ['tls-exporter'], certified: ['anna@example.org'] }, true).names;
  const plus = ['SCRAM-SHA-512-PLUS', 'SCRAM-SHA-256-PLUS', 'SCRAM-SHA-1-PLUS'];
  assert.deepEqual(all, ['EXTERNAL', ...plus, 'SCRAM-SHA-512', 'SCRAM-SHA-256', 'SCRAM-SHA-1', 'PLAIN']);
  assert.equal(offerOf({ tls: null }, true).names.includes('PLAIN'), false, 'never without TLS');
  assert.equal(offerOf({ certified: ['anna@other.example'] }).names.includes('EXTERNAL'), false);
  assert.equal(offerOf().begin('PLAIN'), undefined);
  assert.equal(offerOf().begin('SCRAM-SHA-1-PLUS'), undefined);
});

test('XEP-0474 §5.1 and XEP-0515 §4.1: what was offered, and the TLS version, stand in the first answer', async () => {
  const types = ['tls-server-end-point', 'tls-exporter'];
  const offer = offerOf({ bindings: types });
  const first = await offer.begin('SCRAM-SHA-256')?.step(Buffer.from('n,,n=user,r=abc'));
  assert.ok(first?.kind === 'challenge');
  const offered = `${[...offer.names].sort().join('\x1e')}\x1f${[...types].sort().join('\x1e')}`;
  const hash = createHash('sha256').update(offered).digest('base64');
  assert.ok(first.data.toString().endsWith(`,i=4096,h=${hash},t=0304`));
});

test('PLAIN (RFC 4616): the password, and whose it is', async () => {
  const says = async (message: string, state?: 'suspended' | 'unknown') =>
    offerOf({}, true, state).begin('PLAIN')?.step(Buffer.from(message));
  const login = { name: 'anna', proof: 'proof' };
  const fails = (condition: string) => ({ kind: 'failure', condition });
  assert.deepEqual(await says('\0Anna\0pencil'), { kind: 'success', data: undefined, login });
  assert.deepEqual(await says('anna@example.org\0anna\0pencil'), { kind: 'success', data: undefined, login });
  assert.deepEqual(await says('\0anna\0wrong'), fails('not-authorized'));
  assert.deepEqual(await says('bert\0anna\0pencil'), fails('invalid-authzid'));
  assert.deepEqual(await says('\0anna\0pencil', 'suspended'), fails('account-disabled'));
  assert.deepEqual(await says('\0anna\0pencil', 'unknown'), fails('not-authorized'));
  for (const broken of ['', 'anna', '\0anna', '\0\0pencil', '\0anna\0', 'a\0b\0c\0d'])
    assert.deepEqual(await says(broken), fails('malformed-request'), broken);
});

test('EXTERNAL (XEP-0178 §2): the addresses of the certificate, and one of them when there are several', async () => {
  const says = async (message: string, certified: string[], state?: 'suspended') =>
    offerOf({ certified }, false, state).begin('EXTERNAL')?.step(Buffer.from(message));
  const login = { name: 'anna', proof: 'proof' };
  const success = { kind: 'success', data: undefined, login };
  const fails = (condition: string) => ({ kind: 'failure', condition });
  assert.deepEqual(await says('', ['anna@example.org', 'x@other.example']), success);
  assert.deepEqual(await says('Anna@example.org', ['bert@example.org', 'anna@example.org']), success);
  assert.deepEqual(await says('', ['bert@example.org', 'anna@example.org']), fails('invalid-authzid'));
  assert.deepEqual(await says('carl@example.org', ['anna@example.org']), fails('invalid-authzid'));
  assert.deepEqual(await says('anna@other.example', ['anna@example.org']), fails('invalid-authzid'));
  assert.deepEqual(await says('', ['anna@example.org'], 'suspended'), fails('account-disabled'));
});

test('tokens (draft-schmaus-kitten-sasl-ht): bound to mechanism and channel, and only while they are good', async () => {
  const token: KnownToken = { id: 't1', secret: 'shh', mechanism: 'HT-SHA-256-EXPR', expiresAt: 1000 };
  const digest = (side: string, binding: string, secret = 'shh') =>
    createHmac('sha256', secret)
      .update(side + binding)
      .digest();
  const says = async (hashed: Buffer, now = 0, name: 'HT-SHA-256-EXPR' | 'HT-SHA-256-NONE' = 'HT-SHA-256-EXPR') => {
    const mechanism = new HashedToken(
      name,
      channel(),
      credentials(),
      async () => [token],
      () => true,
      () => now,
    );
    return mechanism.step(Buffer.concat([Buffer.from('anna\0'), hashed]));
  };
  const login = { name: 'anna', proof: 'proof', token: 't1' };
  const good = digest('Initiator', 'tls-exporter');
  const fails = (condition: string) => ({ kind: 'failure', condition });
  assert.deepEqual(await says(good), { kind: 'success', data: digest('Responder', 'tls-exporter'), login });
  assert.deepEqual(await says(good, 1000), fails('credentials-expired'));
  assert.deepEqual(await says(digest('Initiator', 'tls-exporter', 'other')), fails('not-authorized'));
  assert.deepEqual(await says(digest('Initiator', 'another channel')), fails('not-authorized'));
  assert.deepEqual(await says(digest('Initiator', ''), 0, 'HT-SHA-256-NONE'), fails('not-authorized'));
  assert.deepEqual(await says(good.subarray(1)), fails('malformed-request'));
});
