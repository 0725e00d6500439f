import assert from 'node:assert/strict';
import { test } from 'node:test';
import { offeredKey, requireTrusted, verdictOn } from './host-keys.ts';
import { knownHostsSay } from './known-hosts.ts';
import { randomart } from './randomart.ts';

// Made by ssh-keygen, with what it says about it.
const PUBLIC = 'AAAAC3NzaC1lZDI1NTE5AAAAIHlCIOX7mA0w0vd9tyysj3GXEhmJbwzczdgxMzx0VWIB';
const FINGERPRINT = 'SHA256:gV62b2EYAMmAb8+rdnaVghb+GR2M2MeKHFzE7lq/rj0';
const HASHED_NAME = '|1|Mnff+51nqDWL3r3GOsCHp5TNE60=|Y/wFCGvDn8/p15bNaO1Ecvk3frM='; // h.example
const ART = `
+--[ED25519 256]--+
| ..o.=o          |
|.   o oo         |
| . . =.+=        |
|  o =.+o==       |
| . = *.+Soo      |
|    O * +o .     |
|   . = *  o      |
|  . = +.E.       |
| ..+ ..o+o       |
+----[SHA256]-----+`;

const offered = offeredKey(Buffer.from(PUBLIC, 'base64'));
const target = { address: 'h.example', port: 22 };

test('a key has the fingerprint and the picture that OpenSSH gives it', () => {
  assert.equal(offered.algorithm, 'ssh-ed25519');
  assert.equal(offered.fingerprint, FINGERPRINT);
  const rows = (text: string) => text.trim().split('\n').slice(1, -1);
  assert.deepEqual(rows(randomart(offered.blob, offered.algorithm)), rows(ART));
});

test('a key is new, trusted or changed', () => {
  const known = { algorithm: 'ssh-ed25519', fingerprint: FINGERPRINT, since: 0 };
  assert.equal(verdictOn(offered, null), 'new');
  assert.equal(verdictOn(offered, known), 'trusted');
  assert.equal(verdictOn(offered, { ...known, fingerprint: 'SHA256:other' }), 'changed');
  assert.doesNotThrow(() => requireTrusted('h', offered, known));
  assert.throws(() => requireTrusted('h', offered, null), { code: 'host-key-unknown' });
  assert.throws(() => requireTrusted('h', offered, { ...known, fingerprint: 'SHA256:other' }), {
    code: 'host-key-changed',
    why: /^Since 1970-01-01 it was known by SHA256:other/,
  });
});

test('known_hosts is read as a hint: plain and hashed names, ports, several keys', () => {
  assert.equal(knownHostsSay(`h.example,192.0.2.7 ssh-ed25519 ${PUBLIC}`, target, offered), 'same');
  assert.equal(knownHostsSay(`${HASHED_NAME} ssh-ed25519 ${PUBLIC}`, target, offered), 'same');
  assert.equal(knownHostsSay(`[h.example]:2222 ssh-ed25519 ${PUBLIC}`, { ...target, port: 2222 }, offered), 'same');
  assert.equal(knownHostsSay('h.example ssh-ed25519 AAAA', target, offered), 'different');
  assert.equal(knownHostsSay('h.example ssh-rsa AAAA\n# h.example\n', target, offered), 'silent');
});
