// What the modules offer, used by a client that others wrote, against the executable that ships and SQLite.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { NodeUnderTest } from '../clients/node-under-test.ts';

const slixmpp = spawnSync('/usr/bin/python3', ['-c', 'import slixmpp']).status === 0;
const skip = slixmpp ? false : 'slixmpp is missing: apt-get install python3-slixmpp';
let node: NodeUnderTest;

before(async () => {
  node = await NodeUnderTest.make('localhost', ['admins=anna@localhost']);
  node.parleyd(['user', 'add', 'anna'], 'one\n');
  node.parleyd(['user', 'add', 'bert'], 'two\n');
  await node.start();
});
after(() => node?.remove());

test('slixmpp blocks, asks for last activity, adds a person, changes its password and removes an account', {
  skip,
}, async () => {
  const program = join(import.meta.dirname, '..', 'clients', 'slixmpp-modules.py');
  const child = spawn('/usr/bin/python3', [program, '127.0.0.1', String(node.tlsPort), node.certificate, 'localhost']);
  const output = { said: '', errors: '' };
  child.stdout.on('data', (data: Buffer) => {
    output.said += data.toString();
  });
  child.stderr.on('data', (data: Buffer) => {
    output.errors += data.toString();
  });
  const code = await new Promise((resolve) => child.once('close', resolve));
  assert.equal(code, 0, output.errors);
  assert.deepEqual(output.said.trim().split('\n'), [
    'blocked bert@localhost',
    'refused service-unavailable',
    'heard hi again',
    'uptime True',
    'add-user completed',
    'new password holds',
  ]);
  const people = node.parleyd(['user', 'list']);
  assert.deepEqual([/carl/.test(people), /bert/.test(people)], [true, false]);
});
