import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { LineClient } from '../clients/line-client.ts';
import { NodeUnderTest } from '../clients/node-under-test.ts';

const without = (program: string): string | false =>
  existsSync(`/usr/bin/${program}`) ? false : `${program} is not here: apt-get install ${program}`;

let node: NodeUnderTest;
before(async () => {
  // go-sendxmpp of Debian 12 knows no mechanism but PLAIN
  node = await NodeUnderTest.make('localhost', ['auth.plain=true']);
  for (const name of ['anna', 'bert']) node.parleyd(['user', 'add', name], 'pencil\n');
  await node.start();
});
after(() => node?.remove());

const person = (name: string) => ({
  jid: `${name}@localhost`,
  password: 'pencil',
  host: 'localhost',
  port: node.port,
  certificate: node.certificate,
});

test('profanity and xmpp.js chat', { skip: without('profanity') }, async () => {
  const js = LineClient.xmppJs({ ...person('bert'), jid: 'bert@localhost/js', how: 'starttls' });
  const profanity = LineClient.profanity(person('anna'));
  try {
    const jid = (await js.hears(/^online/)).slice('online '.length);
    await profanity.hears(/^online/);
    profanity.tell('send bert@localhost grüße aus dem Terminal');
    const heard = await js.hears(/^message/);
    assert.match(heard, /^message anna@localhost\/\S+ grüße aus dem Terminal$/);
    js.tell('send anna@localhost and back');
    assert.match(await profanity.hears(/^message/), /and back$/);
    assert.ok(jid.startsWith('bert@localhost/js'));
  } finally {
    await Promise.all([js.quit(), profanity.quit()]);
  }
});

/** Runs go-sendxmpp; it checks the certificate against what SSL_CERT_FILE holds. */
const send = (args: readonly string[], text: string) =>
  spawnSync('/usr/bin/go-sendxmpp', args, {
    input: text,
    encoding: 'utf8',
    timeout: 20_000,
    env: { ...process.env, SSL_CERT_FILE: node.certificate },
  });

test('go-sendxmpp sends by STARTTLS and by direct TLS', { skip: without('go-sendxmpp') }, async () => {
  const js = LineClient.xmppJs({ ...person('bert'), jid: 'bert@localhost/js', how: 'direct', port: node.tlsPort });
  try {
    await js.hears(/^online/);
    const login = ['-u', 'anna@localhost', '-p', 'pencil'];
    for (const [how, args] of [
      ['STARTTLS', ['-j', `localhost:${node.port}`]],
      ['direct TLS', ['-t', '-j', `localhost:${node.tlsPort}`]],
    ] as const) {
      const done = send([...login, ...args, 'bert@localhost'], `by ${how} ü`);
      assert.equal(done.status, 0, done.stderr);
      assert.match(await js.hears(/^message/), new RegExp(`^message anna@localhost/\\S+ by ${how} ü$`));
    }
    const wrong = send(['-u', 'anna@localhost', '-p', 'wrong', '-j', `localhost:${node.port}`, 'bert@localhost'], 'x');
    assert.notEqual(wrong.status, 0);
  } finally {
    await js.quit();
  }
});

test('go-sendxmpp listens', { skip: without('go-sendxmpp') }, async () => {
  const listener = spawn(
    '/usr/bin/go-sendxmpp',
    ['-l', '-u', 'bert@localhost', '-p', 'pencil', '-j', `localhost:${node.port}`],
    {
      env: { ...process.env, SSL_CERT_FILE: node.certificate },
    },
  );
  let heard = '';
  listener.stdout.on('data', (data: Buffer) => {
    heard += data.toString();
  });
  const js = LineClient.xmppJs({ ...person('anna'), jid: 'anna@localhost/js', how: 'starttls' });
  try {
    await js.hears(/^online/);
    js.tell('send bert@localhost are you there?'); // kept for who is not here yet, or delivered
    for (let i = 0; i < 150 && !heard.includes('are you there?'); i++) await new Promise((r) => setTimeout(r, 100));
    assert.match(heard, /are you there\?/);
  } finally {
    listener.kill();
    await js.quit();
  }
});
