import assert from 'node:assert/strict';
import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import { test } from 'node:test';
import { type Credentials, Scram } from './scram.ts';
import { decoyKeys, keyRing, SCRAM_HASHES, type ScramKeys, type ScramMechanism } from './scram-keys.ts';

/** Keys of a password with a salt that is given, as the examples of the RFCs need them. */
function keysOf(mechanism: ScramMechanism, password: string, salt: string, iterations: number): ScramKeys {
  const hash = SCRAM_HASHES[mechanism];
  const salted = pbkdf2Sync(password, Buffer.from(salt, 'base64'), iterations, hash === 'sha1' ? 20 : 32, hash);
  const client = createHmac(hash, salted).update('Client Key').digest();
  const server = createHmac(hash, salted).update('Server Key').digest('base64');
  return { salt, iterations, storedKey: createHash(hash).update(client).digest('base64'), serverKey: server };
}

const credentials = (keys: ScramKeys, state: 'active' | 'suspended' | 'unknown' = 'active'): Credentials => ({
  prepare: (name) => (name.includes(' ') ? undefined : name.toLowerCase()),
  keys: async () => keys,
  state: async () => state,
});

const EXAMPLES = [
  {
    where: 'RFC 5802 §5',
    mechanism: 'SCRAM-SHA-1',
    salt: 'QSXCR+Q6sek8bf92',
    client: 'n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL',
    serverNonce: '3rfcNHYJY1ZVvWVs7j',
    proof: 'v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=',
    signature: 'rmF9pqV8S7suAoZWja4dJRkFsKQ=',
  },
  {
    where: 'RFC 7677 §3',
    mechanism: 'SCRAM-SHA-256',
    salt: 'W22ZaJ0SNY7soEsUEjb6gQ==',
    client: 'n,,n=user,r=rOprNGfwEbeRWgbNEkqO',
    serverNonce: '%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0',
    proof: 'dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=',
    signature: '6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=',
  },
] as const;

for (const { where, mechanism, salt, client, serverNonce, proof, signature } of EXAMPLES) {
  const begin = async (state?: 'suspended' | 'unknown') => {
    const scram = new Scram(mechanism, credentials(keysOf(mechanism, 'pencil', salt, 4096), state), serverNonce);
    const nonce = client.split('r=')[1] + serverNonce;
    assert.deepEqual(await scram.step(client), { kind: 'challenge', data: `r=${nonce},s=${salt},i=4096` });
    return { scram, final: `c=biws,r=${nonce},p=${proof}` };
  };

  test(`${mechanism}: the exchange of ${where}`, async () => {
    const { scram, final } = await begin();
    const { storedKey: key } = keysOf(mechanism, 'pencil', salt, 4096);
    assert.deepEqual(await scram.step(final), { kind: 'success', data: `v=${signature}`, name: 'user', key });
    assert.deepEqual(await scram.step(final), { kind: 'failure', condition: 'malformed-request' }, 'once only');
  });

  test(`${mechanism}: a wrong proof, nonce or binding is refused`, async () => {
    const refused = { kind: 'failure', condition: 'not-authorized' };
    for (const [from, to] of [
      [proof, `A${proof.slice(1)}`],
      ['r=', 'r=x'],
      ['c=biws', 'c=eSws'],
      [`p=${proof}`, 'p=AAAA'],
    ] as const) {
      const { scram, final } = await begin();
      assert.deepEqual(await scram.step(final.replace(from, to)), refused, to);
    }
  });

  test(`${mechanism}: a suspended account is told so, and only after its password was right`, async () => {
    const right = await begin('suspended');
    assert.deepEqual(await right.scram.step(right.final), { kind: 'failure', condition: 'account-disabled' });
    const wrong = await begin('suspended');
    assert.deepEqual(await wrong.scram.step(wrong.final.replace(proof, `A${proof.slice(1)}`)), {
      kind: 'failure',
      condition: 'not-authorized',
    });
    const unknown = await begin('unknown');
    assert.deepEqual(await unknown.scram.step(unknown.final), { kind: 'failure', condition: 'not-authorized' });
  });
}

test('messages that are none are refused', async () => {
  const keys = keysOf('SCRAM-SHA-256', 'x', 'AAAA', 4096);
  for (const message of [
    '',
    'n,,',
    'n,,n=,r=x',
    'p=tls-exporter,,n=a,r=b',
    'n,,n=a,r=',
    'n=a,r=b',
    'n,,n=a=b,r=x',
    'n,,m=1,n=a,r=b',
  ]) {
    assert.deepEqual(
      await new Scram('SCRAM-SHA-256', credentials(keys)).step(message),
      { kind: 'failure', condition: 'malformed-request' },
      message,
    );
  }
  assert.deepEqual(await new Scram('SCRAM-SHA-256', credentials(keys)).step('n,a=other,n=a,r=b'), {
    kind: 'failure',
    condition: 'not-authorized',
  });
});

test('a name that does not exist gets the same keys each time, and others with another secret', () => {
  const secret = Buffer.alloc(32, 1);
  const once = decoyKeys('SCRAM-SHA-256', 'nobody', secret, 10_000);
  assert.deepEqual(decoyKeys('SCRAM-SHA-256', 'nobody', secret, 10_000), once);
  assert.notEqual(decoyKeys('SCRAM-SHA-256', 'nobody2', secret, 10_000).salt, once.salt);
  assert.notEqual(decoyKeys('SCRAM-SHA-256', 'nobody', Buffer.alloc(32, 2), 10_000).salt, once.salt);
  assert.equal(Buffer.from(once.salt, 'base64').length, 16);
});

test('keys hold neither the password nor a salt twice', async () => {
  const [a, b] = [await keyRing('secret', 4096), await keyRing('secret', 4096)];
  assert.notEqual(a['SCRAM-SHA-256'].salt, b['SCRAM-SHA-256'].salt);
  assert.equal(JSON.stringify(a).includes('secret'), false);
});
