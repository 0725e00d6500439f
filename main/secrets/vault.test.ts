import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { inspect } from 'node:util';
import { openKeychain } from './keychain.ts';
import { Secret } from './secret.ts';
import { openVault } from './vault.ts';

const dir = mkdtempSync(join(tmpdir(), 'parley-vault-'));
after(() => rmSync(dir, { recursive: true }));
const path = join(dir, 'vault');

test('a secret is never printed', () => {
  const secret = new Secret('hunter2');
  for (const text of [`${secret}`, JSON.stringify({ secret }), inspect({ secret }), String([secret])])
    assert.ok(text.includes('[redacted]') && !text.includes('hunter2'), text);
  assert.equal(secret.reveal(), 'hunter2');
});

test('what is saved in a vault is there after unlocking it again, and not in the file', async () => {
  const vault = openVault(path);
  await vault.create(new Secret('correct horse'));
  await vault.set('login root@192.0.2.7', new Secret('s3cret-login'));
  assert.ok(!readFileSync(path, 'latin1').includes('s3cret-login'));
  assert.equal(statSync(path).mode & 0o777, 0o600);

  const again = openVault(path);
  assert.equal(await again.get('login root@192.0.2.7'), undefined);
  await again.unlock(new Secret('correct horse'));
  assert.equal((await again.get('login root@192.0.2.7'))?.reveal(), 's3cret-login');
});

test('a wrong passphrase, a changed file and a locked vault are refused in words', async () => {
  await assert.rejects(openVault(path).unlock(new Secret('wrong')), { code: 'wrong-passphrase' });
  await assert.rejects(openVault(path).set('a', new Secret('b')), { code: 'vault-locked' });
  await assert.rejects(openVault(path).create(new Secret('x')), { code: 'vault-exists' });
  await assert.rejects(openVault(join(dir, 'none')).unlock(new Secret('x')), { code: 'no-vault' });
  writeFileSync(join(dir, 'bad'), '{}');
  await assert.rejects(openVault(join(dir, 'bad')).unlock(new Secret('x')), { code: 'bad-vault' });
});

test('the keychain locks each secret, and forgets one it can no longer open', async () => {
  const file = join(dir, 'keychain');
  const lockbox = {
    encrypt: async (text: string) => Buffer.from(`locked:${text}`).toString('base64'),
    decrypt: async (locked: string) => Buffer.from(locked, 'base64').toString().replace('locked:', ''),
  };
  await openKeychain(file, lockbox).set('a', new Secret('s3cret'));
  assert.ok(!readFileSync(file, 'latin1').includes('s3cret'));
  assert.equal((await openKeychain(file, lockbox).get('a'))?.reveal(), 's3cret');
  const reinstalled = { ...lockbox, decrypt: () => Promise.reject(new Error('no key')) };
  assert.equal(await openKeychain(file, reinstalled).get('a'), undefined);
});
