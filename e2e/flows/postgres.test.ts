// A domain in PostgreSQL: made, run, robbed of its database and given it back; and moved there and back again.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, test } from 'node:test';
import { freePort, NodeUnderTest, PARLEYD } from '../clients/node-under-test.ts';
import { RawClient } from '../clients/raw-client.ts';
import { PrivatePostgres, skipPostgres } from '../hosts/postgres.ts';

const skip = skipPostgres;
const folder = mkdtempSync(join(tmpdir(), 'parley-pg-flow-'));
const leftovers: (() => unknown)[] = [() => rmSync(folder, { recursive: true, force: true })];
after(async () => {
  for (const one of leftovers.reverse()) await one();
});

const ping = (id: string) => `<iq type='get' to='example.org' id='${id}'><ping xmlns='urn:xmpp:ping'/></iq>`;
const login = (node: NodeUnderTest, name: string) => RawClient.login(node.port, 'example.org', name, 'secret');
const message = (to: string, text: string) =>
  `<message to='${to}@example.org' type='chat'><body>${text}</body></message>`;

const HEADER =
  "<stream:stream to='example.org' version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>";
/** The beginning of a login. */
const auth = (name: string) =>
  `<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='SCRAM-SHA-1'>${Buffer.from(`n,,n=${name},r=abc`).toString('base64')}</auth>`;

async function domain(server: PrivatePostgres, more: readonly string[] = []): Promise<NodeUnderTest> {
  const node = await NodeUnderTest.make('example.org', [], undefined, ['--storage', server.url, ...more]);
  leftovers.push(() => node.remove());
  return node;
}

function database(options: Parameters<typeof PrivatePostgres.start>[0] = {}): PrivatePostgres {
  const server = PrivatePostgres.start(options);
  leftovers.push(() => server.remove());
  return server;
}

/** An authority, and a certificate for 127.0.0.1 that it signed. */
function authority(name: string, subject = 'db'): Record<'ca' | 'file' | 'certificate' | 'key', string> {
  const at = (end: string) => join(folder, `${name}.${end}`);
  const openssl = (...args: string[]) => {
    const done = spawnSync('openssl', args, { encoding: 'utf8' });
    assert.equal(done.status, 0, done.stderr);
  };
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  openssl('req', '-x509', ...key, '-keyout', at('ca.key'), '-out', at('ca.pem'), '-days', '2', '-subj', `/CN=${name}`);
  openssl(
    'req',
    ...key,
    '-keyout',
    at('key'),
    '-out',
    at('csr'),
    '-subj',
    `/CN=${subject}`,
    '-addext',
    'subjectAltName=IP:127.0.0.1',
  );
  const signed = [
    '-CA',
    at('ca.pem'),
    '-CAkey',
    at('ca.key'),
    '-CAcreateserial',
    '-copy_extensions',
    'copy',
    '-days',
    '2',
  ];
  openssl('x509', '-req', '-in', at('csr'), ...signed, '-out', at('crt'));
  return {
    ca: at('ca.pem'),
    file: at(''),
    certificate: readFileSync(at('crt'), 'utf8'),
    key: readFileSync(at('key'), 'utf8'),
  };
}

test('over the network with TLS and a password: made, used, and refused with a reason', { skip }, async () => {
  const [right, wrong, clients] = [authority('right'), authority('wrong'), authority('clients', 'certified')];
  const port = await freePort();
  const server = database({ port, tls: { ...right, clients: readFileSync(clients.ca, 'utf8') } });
  server.sql('CREATE ROLE certified LOGIN; GRANT CREATE ON DATABASE postgres TO certified');
  server.sql("CREATE ROLE chat LOGIN PASSWORD 'open sesame'");
  server.sql('CREATE DATABASE chat OWNER chat');
  const url = `postgres://chat@127.0.0.1:${port}/chat`;
  const password = join(folder, 'password');
  writeFileSync(password, 'open sesame\n');
  const at = join(folder, 'node');
  const refused = (words: RegExp, ...args: string[]) => {
    const done = spawnSync(PARLEYD, ['init', '--domain', 'example.org', '--data', at, ...args], { encoding: 'utf8' });
    assert.notEqual(done.status, 0);
    assert.match(done.stderr, words);
    assert.equal(existsSync(at), false, 'nothing is left behind');
  };
  refused(/a password has no place here/i, '--storage', url.replace('chat@', 'chat:secret@'));
  refused(/certificate/, '--storage', url, '--storage-password-file', password, '--storage-ca', wrong.ca);
  refused(
    /no encryption|SSL off|no pg_hba/i,
    '--storage',
    url,
    '--storage-password-file',
    password,
    '--storage-ca',
    'off',
  );
  writeFileSync(`${password}.wrong`, 'sesame\n');
  refused(
    /password authentication failed.*right password/s,
    '--storage',
    url,
    '--storage-password-file',
    `${password}.wrong`,
    '--storage-ca',
    right.ca,
  );
  refused(/does not answer/, '--storage', `postgres://chat@127.0.0.1:${await freePort()}/chat`);

  const node = await NodeUnderTest.make('example.org', [], undefined, [
    '--storage',
    url,
    '--storage-password-file',
    password,
    '--storage-ca',
    right.ca,
  ]);
  leftovers.push(() => node.remove());
  rmSync(password); // the node has its own
  assert.match(node.read('parleyd.toml'), /^password_file = "storage.password"$/m);
  node.parleyd(['user', 'add', 'anna'], 'secret\n');
  assert.match(node.parleyd(['user', 'list']), /anna/);
  assert.match(
    node.parleyd(['storage', 'check']),
    /PostgreSQL at 127\.0\.0\.1:\d+, database chat, schema parley_example_org_\w+ is sound/,
  );
  await node.start();
  const anna = await login(node, 'anna');
  assert.match(await anna.ask(ping('1'), /id='1'/), /type='result'/);
  assert.match(node.parleyd(['check']), /storage: sound, 1 person/);
  assert.match(
    server.sql('SELECT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE usename = $$chat$$'),
    /^(t\n?)+$/,
  );
  assert.equal(existsSync(join(node.folder, 'parley.db')), false);

  const certified = ['--storage', `postgres://certified@127.0.0.1:${port}/postgres`, '--storage-ca', right.ca];
  const shown = ['--storage-certificate', `${clients.file}crt`, '--storage-key', `${clients.file}key`];
  refused(/certificate/, ...certified);
  const other = await NodeUnderTest.make('example.com', [], undefined, [...certified, ...shown]);
  leftovers.push(() => other.remove());
  assert.equal(other.parleyd(['user', 'list']), '');
});

test('the database loses power: chats go on, what must be stored is refused for now, logins fail for now, and then all is well', {
  skip,
}, async () => {
  const server = database();
  const node = await domain(server);
  for (const name of ['anna', 'bert', 'away']) node.parleyd(['user', 'add', name], 'secret\n');
  await node.start();
  const [anna, bert] = [await login(node, 'anna'), await login(node, 'bert')];
  await anna.ask(`<presence/>${ping('1')}`, /id='1'/);
  await bert.ask(`<presence/>${ping('1')}`, /id='1'/);
  await anna.ask(`${message('away', 'kept before')}${ping('2')}`, /id='2'/);

  for (const round of ['first', 'second']) {
    server.down();
    bert.take();
    anna.send(message('bert', `still here, ${round}`));
    await bert.until(() => bert.heard.includes(`still here, ${round}`));
    assert.match(bert.heard, new RegExp(`still here, ${round}`));
    const refusal = await anna.ask(`${message('away', `refused ${round}`)}${ping('3')}`, /id='3'/);
    assert.match(refusal, /type='error'.*<error type='wait'><resource-constraint/);
    const stranger = RawClient.connect(node.port);
    await stranger.must(HEADER, /<\/stream:features>/);
    // more often than a connection may guess: it is not to blame
    for (let i = 0; i < 7; i++) {
      const answer = await stranger.must(auth('bert'), /<\/failure>/);
      assert.match(answer, /<temporary-auth-failure/);
    }
    assert.equal(stranger.closed, false);
    assert.match(node.parleyd(['storage', 'check'], '', 1), /PostgreSQL does not answer.*See whether PostgreSQL runs/s);
    server.up();
    assert.match(await stranger.must(auth('bert'), /<\/(failure|challenge)>/), /<\/challenge>/);
    const kept = await anna.ask(`${message('away', `kept after the ${round}`)}${ping('4')}`, /id='4'/);
    assert.doesNotMatch(kept, /<error/);
  }
  const away = await login(node, 'away');
  const heard = await away.ask(`<presence/>${ping('5')}`, /id='5'/);
  const bodies = [...heard.matchAll(/<body>([^<]+)</g)].map(([, text]) => text);
  assert.deepEqual(bodies, ['kept before', 'kept after the first', 'kept after the second']);
  assert.doesNotMatch(node.log, /bug/);
});

test('two nodes of one domain: people, messages that wait, and what strangers are shown are the same at both', {
  skip,
}, async () => {
  const server = database();
  const [one, two] = [await domain(server), await domain(server)];
  one.parleyd(['user', 'add', 'anna'], 'secret\n');
  two.parleyd(['user', 'add', 'bert'], 'secret\n');
  assert.match(one.parleyd(['user', 'add', 'bert'], 'secret\n', 1), /exists|taken|already/i);
  await Promise.all([one.start(), two.start()]);
  const anna = await login(one, 'anna');
  await anna.ask(`${message('bert', 'from node to node')}${ping('1')}`, /id='1'/);
  const bert = await login(two, 'bert');
  assert.match(await bert.ask(`<presence/>${ping('2')}`, /id='2'/), /from node to node/);
  const shown = await Promise.all(
    [one, two].map(async (node) => {
      const stranger = RawClient.connect(node.port);
      await stranger.must(HEADER, /<\/stream:features>/);
      const answer = await stranger.must(auth('nobody'), /<\/challenge>/);
      return /s=[^,]+,i=\d+/.exec(Buffer.from(/>([^<]+)</.exec(answer)?.[1] ?? '', 'base64').toString())?.[0];
    }),
  );
  assert.ok(shown[0]);
  assert.equal(shown[0], shown[1], 'or one could tell who has an account');
});

test('a node whose database is away stops when it is told to', { skip }, async () => {
  const server = database();
  const node = await domain(server);
  node.parleyd(['user', 'add', 'anna'], 'secret\n');
  await node.start();
  const anna = await login(node, 'anna');
  await anna.ask(`<presence/>${ping('1')}`, /id='1'/);
  server.down();
  assert.equal(await node.kill('SIGTERM'), 0);
  assert.match(node.log, /what was in memory could not be written.*stopped/s);
  assert.match(node.parleyd(['run'], '', 1), /PostgreSQL does not answer.*See whether PostgreSQL runs/s);
});

test('a database that stands still: chats go on, its absence is told after a bounded wait, and it is used again when it moves', {
  skip,
}, async () => {
  const server = database();
  const node = await domain(server);
  for (const name of ['anna', 'bert', 'carl', 'away']) node.parleyd(['user', 'add', name], 'secret\n');
  await node.start();
  const [anna, bert, carl] = [await login(node, 'anna'), await login(node, 'bert'), await login(node, 'carl')];
  for (const one of [anna, bert, carl]) await one.ask(`<presence/>${ping('1')}`, /id='1'/);
  const thaw = server.freeze();
  try {
    anna.take();
    anna.send(message('away', 'refused'));
    for (let i = 0; i < 20; i++) {
      bert.take();
      carl.send(message('bert', `still here ${i}`));
      await bert.until(() => bert.heard.includes(`still here ${i}`));
    }
    assert.doesNotMatch(anna.heard, /<error/, 'others have chatted while one was waiting');
    await anna.until(() => anna.heard.includes('</message>'));
    assert.match(anna.heard, /<error type='wait'><resource-constraint/);
  } finally {
    thaw();
  }
  assert.doesNotMatch(await anna.ask(`${message('away', 'kept')}${ping('2')}`, /id='2'/), /<error/);
  const away = await login(node, 'away');
  assert.match(await away.ask(`<presence/>${ping('3')}`, /id='3'/), /<body>kept</);
});

test('a database that is killed in the middle of messages loses none that were acknowledged', { skip }, async () => {
  const server = database();
  const node = await domain(server);
  for (const name of ['anna', 'away']) node.parleyd(['user', 'add', name], 'secret\n');
  await node.start();
  const anna = await login(node, 'anna');
  const acknowledged: string[] = [];
  const refused: string[] = [];
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < 40; i++) {
      const text = `r${round}m${i}`;
      const asking = anna.ask(`${message('away', text)}${ping(text)}`, new RegExp(`id='${text}'`));
      if (i === 15 + round) process.kill(server.pid, 'SIGKILL'); // while it may be on its way
      (/<error/.test(await asking) ? refused : acknowledged).push(text);
    }
    server.revive();
  }
  const away = await login(node, 'away');
  const heard = await away.ask(`<presence/>${ping('end')}`, /id='end'/);
  const got = [...heard.matchAll(/<body>([^<]+)</g)].map(([, text]) => text ?? '');
  assert.equal(new Set(got).size, got.length, 'none twice');
  assert.deepEqual(
    acknowledged.filter((text) => !got.includes(text)),
    [],
  );
  // one whose commit was on its way may be there although its sender was told otherwise
  assert.deepEqual(
    got.filter((text) => !acknowledged.includes(text) && !refused.includes(text)),
    [],
  );
  assert.ok(
    acknowledged.length >= 45 && refused.length > 0,
    `${acknowledged.length} acknowledged, ${refused.length} refused`,
  );
});

/** Everything that is in a database file, in short. */
function contents(path: string): string {
  const db = new DatabaseSync(path, { readOnly: true });
  const hash = createHash('sha256');
  for (const [table, order] of [
    ['account', 'name'],
    ['keyed', 'owner, kind, key'],
    ['list', 'id'],
    ['meta', 'name'],
    ['sqlite_sequence', 'name'],
  ]) {
    const rows = db
      .prepare(`SELECT * FROM ${table} ${table === 'meta' ? "WHERE name <> 'storage-move'" : ''} ORDER BY ${order}`)
      .all();
    for (const row of rows) {
      for (const [name, value] of Object.entries(row))
        hash.update(`${name}=${value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value};`);
    }
    hash.update(`${table} ${rows.length}\n`);
  }
  db.close();
  return hash.digest('hex');
}

/** as rosters keep what two people are to each other */
const SUBSCRIBED = { subscription: 'both', pendingOut: false, pendingIn: false, approved: false };
const PEOPLE = 2000;
const CONTACTS = 6;
const WAITING = 4;

function fill(path: string): void {
  const db = new DatabaseSync(path);
  const template = db.prepare('SELECT * FROM account LIMIT 1').get() as Record<string, string | number>;
  const person = db.prepare(
    'INSERT OR IGNORE INTO account (name, state, created_at, last_seen_at, keys) VALUES (?, ?, ?, ?, ?)',
  );
  const value = db.prepare('INSERT INTO keyed (kind, owner, key, value) VALUES (?, ?, ?, ?)');
  const entry = db.prepare('INSERT INTO list (kind, owner, at, data) VALUES (?, ?, ?, ?)');
  db.exec('BEGIN');
  const name = (i: number) => (i % 10 === 9 ? `jürgen${i}` : `person${i}`);
  for (let i = 0; i < PEOPLE; i++) {
    person.run(
      name(i),
      i % 50 === 0 ? 'suspended' : 'active',
      1_700_000_000_000 + i,
      i % 2 ? i : null,
      template['keys'] ?? '',
    );
    for (let c = 1; c <= CONTACTS; c++) {
      const item = { ...SUBSCRIBED, name: `Contact "${c}" ü🎉`, groups: ['a', 'b'], listed: true, request: '' };
      value.run('roster', name(i), `${name((i + c) % PEOPLE)}@example.org`, JSON.stringify(item));
    }
    for (let m = 0; m < WAITING; m++) {
      const text = `<message from='x@example.org/ü' to='${name(i)}@example.org' type='chat'><body>message ${m} für ${name(i)} 🎉</body></message>`;
      entry.run('offline', name(i), 1_700_000_000_000 + i * 10 + m, Buffer.from(text));
    }
  }
  db.exec(`DELETE FROM list WHERE id % 7 = 0; COMMIT`);
  db.close();
}

test('a domain of 2,000 people moves to PostgreSQL and back, row by row the same; interrupted, refused, and tried again', {
  skip,
}, async () => {
  const server = database();
  const node = await NodeUnderTest.make('example.org', ['limits.resume_seconds=0']);
  leftovers.push(() => node.remove());
  const file = join(node.folder, 'parley.db');
  node.parleyd(['user', 'add', 'person1'], 'secret\n');
  fill(file);
  const config = `${node.read('parleyd.toml')}# a note of the operator\n`;
  writeFileSync(join(node.folder, 'parleyd.toml'), config);

  await node.start();
  assert.match(node.parleyd(['storage', 'move', '--to', server.url], '', 1), /The node runs/);
  await node.kill('SIGTERM');
  const stopped = contents(file);

  const child = spawn(PARLEYD, ['storage', 'move', '--data', node.folder, '--to', server.url], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  let wanted = false;
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (data: Buffer) => {
      said += data.toString();
      if (!wanted && / rows$/m.test(said)) wanted = child.kill('SIGINT');
    });
  const code = await new Promise((done) => child.once('close', done));
  assert.equal(code, 1, said);
  assert.match(said, /Nothing was changed for the node.*marked as incomplete/s);
  assert.equal(node.read('parleyd.toml'), config);
  assert.equal(contents(file), stopped);
  writeFileSync(join(node.folder, 'parleyd.toml'), config.replace('# url = "off"', `url = "${server.url}"`));
  assert.match(node.parleyd(['user', 'list'], '', 1), /holds a part of a domain/);
  writeFileSync(join(node.folder, 'parleyd.toml'), config);

  const moved = node.parleyd(['storage', 'move', '--to', server.url]);
  assert.match(moved, /holds what an earlier move left there/);
  assert.match(moved, new RegExp(`account: ${PEOPLE} rows, SHA-256 \\w+, the same in both`));
  assert.match(moved, /The old data are in .*parley\.db\.moved;/);
  assert.equal(contents(`${file}.moved`), stopped);
  const changed = node.read('parleyd.toml');
  assert.equal(
    changed.replace(`url = "${server.url}"`, '# url = "off"'),
    config,
    'nothing else in the file has changed',
  );
  assert.match(node.parleyd(['storage', 'move', '--to', server.url], '', 2), /uses PostgreSQL already/);

  const back = node.parleyd(['storage', 'move', '--to', 'sqlite']);
  assert.match(back, /The old data are in PostgreSQL at .*schema parley_example_org/);
  assert.equal(node.read('parleyd.toml'), config.replace('# url = "off"', `# url = "${server.url}"`));
  assert.equal(contents(file), stopped, 'there and back, nothing has changed');
  assert.match(node.parleyd(['storage', 'move', '--to', server.url], '', 1), /holds data already/);

  const schema = /schema (parley_\w+)/.exec(back)?.[1];
  server.sql(`DROP SCHEMA ${schema} CASCADE`);
  node.parleyd(['storage', 'move', '--to', server.url]);
  await node.start();
  const person = await login(node, 'person1');
  const roster = await person.ask("<iq type='get' id='r'><query xmlns='jabber:iq:roster'/></iq>", /id='r'/);
  assert.equal((roster.match(/<item /g) ?? []).length, CONTACTS);
  const heard = await person.ask(`<presence/>${ping('p')}`, /id='p'/);
  const bodies = [...heard.matchAll(/<body>([^<]+)</g)].map(([, text]) => text);
  assert.deepEqual(
    bodies,
    [0, 1, 2, 3].filter((m) => (1 * WAITING + m + 1) % 7 !== 0).map((m) => `message ${m} für person1 🎉`),
  );
});
