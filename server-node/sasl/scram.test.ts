import assert from 'node:assert/strict';
import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import { test } from 'node:test';
import type { Channel, Credentials } from './mechanism.ts';
import { Scram, type ScramOptions } from './scram.ts';
import { ScramClient } from './scram-client.ts';
import {
  decoyKeys,
  digestLength,
  keyRing,
  SCRAM_HASHES,
  SCRAM_MECHANISMS,
  type ScramKeys,
  type ScramMechanism,
} from './scram-keys.ts';

/** Keys of a password with a salt that is given, as the examples of the RFCs need them. */
function keysOf(mechanism: ScramMechanism, password: string, salt: string, iterations: number): ScramKeys {
  const hash = SCRAM_HASHES[mechanism];
  const salted = pbkdf2Sync(password, Buffer.from(salt, 'base64'), iterations, digestLength(mechanism), hash);
  const client = createHmac(hash, salted).update('Client Key').digest();
  const server = createHmac(hash, salted).update('Server Key').digest('base64');
  return { salt, iterations, storedKey: createHash(hash).update(client).digest('base64'), serverKey: server };
}

const credentials = (keys: ScramKeys, state: 'active' | 'suspended' | 'unknown' = 'active'): Credentials => ({
  prepare: (name) => (name.includes(' ') ? undefined : name.toLowerCase()),
  keys: async () => keys,
  state: async () => state,
  check: async () => undefined,
  proof: async () => keys.storedKey,
});
const bare: Channel = { tls: 'TLSv1.3', bindings: [], binding: () => undefined, certified: [] };
const bound: Channel = {
  ...bare,
  bindings: ['tls-exporter', 'tls-server-end-point'],
  binding: (type) => Buffer.from(`data of ${type}`),
};

const scramOf = (mechanism: ScramMechanism, keys: ScramKeys, more: Partial<ScramOptions> = {}): Scram =>
  new Scram({
    mechanism,
    plus: false,
    plusOffered: false,
    channel: bare,
    credentials: credentials(keys),
    admit: () => true,
    protection: '',
    ...more,
  });
const step = (scram: Scram, message: string) => scram.step(Buffer.from(message));

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
    const keys = keysOf(mechanism, 'pencil', salt, 4096);
    const scram = scramOf(mechanism, keys, { credentials: credentials(keys, state), nonce: serverNonce });
    const nonce = client.split('r=')[1] + serverNonce;
    const data = Buffer.from(`r=${nonce},s=${salt},i=4096`);
    assert.deepEqual(await step(scram, client), { kind: 'challenge', data });
    return { scram, final: `c=biws,r=${nonce},p=${proof}` };
  };

  test(`${mechanism}: the exchange of ${where}`, async () => {
    const { scram, final } = await begin();
    const login = { name: 'user', proof: keysOf(mechanism, 'pencil', salt, 4096).storedKey };
    assert.deepEqual(await step(scram, final), { kind: 'success', data: Buffer.from(`v=${signature}`), login });
    assert.deepEqual(await step(scram, final), { kind: 'failure', condition: 'malformed-request' }, 'once only');
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
      assert.deepEqual(await step(scram, final.replace(from, to)), refused, to);
    }
  });

  test(`${mechanism}: a suspended account is told so, and only after its password was right`, async () => {
    const right = await begin('suspended');
    assert.deepEqual(await step(right.scram, right.final), { kind: 'failure', condition: 'account-disabled' });
    const wrong = await begin('suspended');
    assert.deepEqual(await step(wrong.scram, wrong.final.replace(proof, `A${proof.slice(1)}`)), {
      kind: 'failure',
      condition: 'not-authorized',
    });
    const unknown = await begin('unknown');
    assert.deepEqual(await step(unknown.scram, unknown.final), { kind: 'failure', condition: 'not-authorized' });
  });
}

const RING = await keyRing('secret', 4096);

/** A whole exchange; answers with its last step. */
async function exchange(mechanism: ScramMechanism, gs2: string, binding: string, more: Partial<ScramOptions>) {
  const scram = scramOf(mechanism, RING[mechanism], more);
  const client = new ScramClient(mechanism, 'user');
  const first = await scram.step(Buffer.from(client.first(gs2), 'base64'));
  if (first.kind !== 'challenge') return first;
  const final = client.final(first.data.toString('base64'), 'secret', Buffer.from(binding));
  const last = await scram.step(Buffer.from(final ?? '', 'base64'));
  if (last.kind === 'success') assert.ok(client.proven((last.data ?? Buffer.alloc(0)).toString('base64')));
  return last;
}
const PLUS = { plus: true, plusOffered: true, channel: bound };

for (const mechanism of SCRAM_MECHANISMS) {
  test(`${mechanism}-PLUS: each channel binding that is offered, and no other (RFC 5802 §6, RFC 9266, RFC 5929)`, async () => {
    for (const type of bound.bindings)
      assert.equal((await exchange(mechanism, `p=${type},,`, `data of ${type}`, PLUS)).kind, 'success', type);
    const refused = { kind: 'failure', condition: 'not-authorized' };
    assert.deepEqual(await exchange(mechanism, 'p=tls-exporter,,', 'data of another channel', PLUS), refused);
    assert.deepEqual(await exchange(mechanism, 'p=tls-unique,,', 'data of tls-unique', PLUS), {
      ...refused,
      unknownBinding: true,
    });
    assert.deepEqual(await exchange(mechanism, 'n,,', '', PLUS), refused, 'without binding in a -PLUS form');
    assert.deepEqual(
      await exchange(mechanism, 'p=tls-exporter,,', 'data of tls-exporter', { channel: bound }),
      refused,
    );
  });
}

test('RFC 5802 §6: `y` is refused where binding was offered: somebody hid the offer', async () => {
  const refused = { kind: 'failure', condition: 'not-authorized' };
  assert.deepEqual(await exchange('SCRAM-SHA-256', 'y,,', '', { plusOffered: true, channel: bound }), refused);
  assert.equal((await exchange('SCRAM-SHA-256', 'y,,', '', {})).kind, 'success');
});

test('an authorization identity is the account itself, or nothing', async () => {
  assert.equal((await exchange('SCRAM-SHA-256', 'n,a=user,', '', {})).kind, 'success');
  assert.equal((await exchange('SCRAM-SHA-256', 'n,a=User@example.org,', '', {})).kind, 'success');
  const refused = { kind: 'failure', condition: 'invalid-authzid' };
  assert.deepEqual(await exchange('SCRAM-SHA-256', 'n,a=other,', '', {}), refused);
});

test('what protects against downgrades is part of what both sides sign (XEP-0474, XEP-0515)', async () => {
  assert.equal((await exchange('SCRAM-SHA-256', 'n,,', '', { protection: ',h=abc,t=0304' })).kind, 'success');
  const scram = scramOf('SCRAM-SHA-256', RING['SCRAM-SHA-256'], { protection: ',h=abc,t=0304' });
  const client = new ScramClient('SCRAM-SHA-256', 'user');
  const first = await scram.step(Buffer.from(client.first(), 'base64'));
  assert.ok(first.kind === 'challenge');
  const forged = Buffer.from(first.data.toString().replace('h=abc', 'h=xyz')).toString('base64');
  const last = await scram.step(Buffer.from(client.final(forged, 'secret') ?? '', 'base64'));
  assert.deepEqual(last, { kind: 'failure', condition: 'not-authorized' });
});

test('messages that are none are refused', async () => {
  const keys = keysOf('SCRAM-SHA-256', 'x', 'AAAA', 4096);
  const malformed = ['', 'n,,', 'n,,n=,r=x', 'p=,,n=a,r=b', 'n,,n=a,r=', 'n=a,r=b', 'n,,n=a=b,r=x', 'n,,m=1,n=a,r=b'];
  for (const message of malformed) {
    const refused = { kind: 'failure', condition: 'malformed-request' };
    assert.deepEqual(await step(scramOf('SCRAM-SHA-256', keys), message), refused, message);
  }
});

test('a name that does not exist gets the same keys each time, and others with another secret', () => {
  const secret = Buffer.alloc(32, 1);
  for (const mechanism of SCRAM_MECHANISMS) {
    const once = decoyKeys(mechanism, 'nobody', secret, 10_000);
    assert.deepEqual(decoyKeys(mechanism, 'nobody', secret, 10_000), once);
    assert.notEqual(decoyKeys(mechanism, 'nobody2', secret, 10_000).salt, once.salt);
    assert.notEqual(decoyKeys(mechanism, 'nobody', Buffer.alloc(32, 2), 10_000).salt, once.salt);
    assert.equal(Buffer.from(once.salt, 'base64').length, 16);
    assert.equal(Buffer.from(once.storedKey, 'base64').length, digestLength(mechanism));
  }
});

test('keys hold neither the password nor a salt twice', async () => {
  const again = await keyRing('secret', 4096);
  const salts = [RING, again].flatMap((ring) => Object.values(ring).map(({ salt }) => salt));
  assert.equal(new Set(salts).size, 6);
  assert.equal(JSON.stringify(RING).includes('secret'), false);
});
