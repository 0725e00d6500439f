// One edge in front of the cores of two domains, which it reaches over mutual TLS: certificates by SNI and by the stream's
// header, cores that move, real addresses behind a balancer, and who is let in.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type PeerCertificate, connect as secureConnect } from 'node:tls';
import { EdgeUnderTest } from '../clients/edge-under-test.ts';
import { freePort, NodeUnderTest } from '../clients/node-under-test.ts';
import { RawClient } from '../clients/raw-client.ts';

const DOMAINS = ['one.example', 'two.example'] as const;
const SM = 'urn:xmpp:sm:3';
const cores: NodeUnderTest[] = [];
const links: number[] = [];
const folder = mkdtempSync(join(tmpdir(), 'parley-edge-'));
let edge: EdgeUnderTest;
let otherLink = 0;

const header = (domain: string) =>
  `<stream:stream to='${domain}' version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>`;

before(async () => {
  for (const domain of DOMAINS) {
    const link = await freePort();
    links.push(link);
    const core = await NodeUnderTest.make(
      domain,
      [`listen.edges=127.0.0.1:${link}`, 'edge.authorities=edges.pem', 'edge.grace_seconds=2'],
      false,
    );
    core.parleyd(['user', 'add', 'anna'], 'pencil\n');
    core.parleyd(['user', 'add', 'bert'], 'pencil\n');
    cores.push(core);
  }
  otherLink = await freePort();
  edge = await EdgeUnderTest.make(
    folder,
    [`one.example=127.0.0.1:${links[0]}`, `one.example=127.0.0.1:${otherLink}`, `two.example=127.0.0.1:${links[1]}`],
    ['link.failover_ms=200', 'proxy.trusted=127.0.0.9/32', 'name=doorman'],
  );
  for (const core of cores) copyFileSync(join(folder, 'link.cert.pem'), join(core.folder, 'edges.pem'));
  writeFileSync(join(folder, 'cores.pem'), cores.map((core) => core.read('cert.pem')).join(''));
  for (const core of cores) await core.start();
  await edge.start(2);
});
after(async () => {
  await edge?.stop();
  for (const core of cores) await core.remove();
  rmSync(folder, { recursive: true, force: true });
});

/** Whom the certificate is for that the edge shows. */
const shown = async (servername: string | undefined): Promise<string> =>
  String((await certificateOf(servername)).subject.CN);

const certificateOf = (servername: string | undefined): Promise<PeerCertificate> =>
  new Promise((resolve, reject) => {
    const socket = secureConnect(
      {
        port: edge.tlsPort,
        host: '127.0.0.1',
        rejectUnauthorized: false,
        ALPNProtocols: ['xmpp-client'],
        ...(servername === undefined ? {} : { servername }),
      },
      () => {
        resolve(socket.getPeerCertificate());
        socket.destroy();
      },
    );
    socket.once('error', reject);
  });

test('the certificate is chosen by the name that a client asks for, and by its header where it asks for none', async () => {
  assert.equal(await shown('one.example'), 'one.example');
  assert.equal(await shown('two.example'), 'two.example');
  assert.equal(await shown('else.example'), 'one.example', 'the first');
  const socket = connect(edge.port, '127.0.0.1');
  const heard = (until: RegExp) =>
    new Promise<void>((resolve) => {
      let text = '';
      const take = (data: Buffer) => {
        text += data.toString();
        if (!until.test(text)) return;
        socket.off('data', take);
        resolve();
      };
      socket.on('data', take);
    });
  socket.write(header('two.example'));
  await heard(/<\/stream:features>/);
  socket.write("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
  await heard(/<proceed/);
  const name = await new Promise((resolve) => {
    const secure = secureConnect({ socket, rejectUnauthorized: false }, () => {
      resolve(secure.getPeerCertificate().subject.CN);
      secure.destroy();
    });
  });
  assert.equal(name, 'two.example');
});

test("each domain's people are at its own core, and nobody else's", async () => {
  for (const [i, domain] of DOMAINS.entries()) {
    const anna = await RawClient.login(edge.port, domain, 'anna', 'pencil');
    assert.match(
      await anna.ask(`<iq type='get' id='p' to='${domain}'><ping xmlns='urn:xmpp:ping'/></iq>`, /id='p'/),
      /type='result'/,
    );
    const there = JSON.parse(cores[i]?.parleyd(['user', 'list', '--json']) ?? '') as {
      name: string;
      sessions?: number;
    }[];
    assert.ok(there.some(({ name }) => name === 'anna'));
    assert.equal(edge.status().domains.find((one) => one.domain === domain)?.sessions, 1);
    anna.destroy();
    await edge.until(() => edge.status().domains.every(({ sessions }) => sessions === 0));
  }
  const stranger = RawClient.connect(edge.port);
  assert.match(await stranger.ask(header('three.example'), /<\/stream:stream>/), /<host-unknown/);
});

test('a session goes on when its core comes back at another address', async () => {
  const [core] = cores;
  assert.ok(core);
  const anna = await RawClient.login(edge.port, 'one.example', 'anna', 'pencil');
  const bert = await RawClient.login(edge.port, 'one.example', 'bert', 'pencil');
  await bert.must(`<enable xmlns='${SM}' resume='true'/><presence/>`, /<enabled[\s\S]*<presence/);
  await core.killCore('SIGKILL');
  const file = join(core.folder, 'parleyd.toml');
  writeFileSync(file, readFileSync(file, 'utf8').replace(`127.0.0.1:${links[0]}`, `127.0.0.1:${otherLink}`));
  await core.startCore();
  anna.send("<message to='bert@one.example' type='chat'><body>still there</body></message>");
  await bert.until(() => bert.heard.includes('still there'));
  assert.equal(anna.closed || bert.closed, false);
  const [first] = edge.status().domains;
  assert.deepEqual(
    first?.cores.map(({ connected, sessions }) => ({ connected, sessions })),
    [
      { connected: false, sessions: 0 },
      { connected: true, sessions: 2 },
    ],
  );
  assert.match(await edge.metrics(), /parleyd_edge_core_losses_total\{domain="one.example"\} 1/);
  for (const client of [anna, bert]) client.destroy();
});

test('an edge whose certificate nobody has signed is not let in, nor is a core that is not of the domain', async () => {
  const elsewhere = mkdtempSync(join(tmpdir(), 'parley-edge-'));
  const stranger = await EdgeUnderTest.make(elsewhere, [`two.example=127.0.0.1:${links[1]}`], []);
  copyFileSync(join(folder, 'cores.pem'), join(elsewhere, 'cores.pem'));
  await stranger.start(0);
  await new Promise((done) => setTimeout(done, 500));
  assert.equal(stranger.status().domains[0]?.cores[0]?.connected, false);
  await stranger.stop();
  // the right certificate, and a core that serves another domain
  for (const name of ['link.cert.pem', 'link.key.pem']) copyFileSync(join(folder, name), join(elsewhere, name));
  const file = join(elsewhere, 'edge.toml');
  writeFileSync(file, readFileSync(file, 'utf8').replace(String(links[1]), String(otherLink)));
  await stranger.start(0);
  await new Promise((done) => setTimeout(done, 500));
  assert.equal(stranger.status().domains[0]?.cores[0]?.connected, false);
  await stranger.stop();
  rmSync(elsewhere, { recursive: true, force: true });
});

test('SIGHUP: an edge shows its new certificate, one that is unusable is not taken, and the others are all the same', async () => {
  const before = new X509Certificate(readFileSync(join(folder, 'one.example.cert.pem')));
  const fingerprint = async (name: string) => (await certificateOf(name)).fingerprint256;
  const other = mkdtempSync(join(tmpdir(), 'parley-edge-'));
  const made = ['edge', 'init', '--data', other, '--core', 'one.example=a', '--core', 'two.example=a'];
  assert.equal(spawnSync(edge.program, made).status, 0);
  for (const name of ['one.example', 'two.example'])
    for (const part of ['cert', 'key'])
      copyFileSync(join(other, `${name}.${part}.pem`), join(folder, `${name}.${part}.pem`));
  rmSync(other, { recursive: true });
  writeFileSync(join(folder, 'one.example.key.pem'), 'no key\n');
  const two = await fingerprint('two.example');
  edge.signal('SIGHUP');
  await edge.until(() => /a new certificate is unusable/.test(edge.log));
  assert.equal(await fingerprint('one.example'), before.fingerprint256);
  assert.notEqual(await fingerprint('two.example'), two);
});

test('SIGHUP: a core lets in who is new in edge.authorities, and those that are there stay', async () => {
  const [, core] = cores;
  assert.ok(core);
  const elsewhere = mkdtempSync(join(tmpdir(), 'parley-edge-'));
  const newcomer = await EdgeUnderTest.make(elsewhere, [`two.example=127.0.0.1:${links[1]}`], ['name=newcomer']);
  try {
    copyFileSync(join(folder, 'cores.pem'), join(elsewhere, 'cores.pem'));
    assert.match(
      newcomer.check(),
      /WRONG {2}core of two\.example at \S+: it does not let this edge in: see that link\.cert\.pem is/,
    );
    await newcomer.start(0);
    const anna = await RawClient.authenticate(edge.port, 'two.example', 'anna', 'pencil');
    await anna.must("<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>", /<jid>/);
    const both = [folder, elsewhere].map((it) => readFileSync(join(it, 'link.cert.pem'), 'utf8')).join('');
    writeFileSync(join(core.folder, 'edges.pem'), 'nothing\n');
    core.signal('SIGHUP');
    await edge.until(() => /unusable, the old one stays/.test(core.log));
    writeFileSync(join(core.folder, 'edges.pem'), both);
    core.signal('SIGHUP');
    await newcomer.until(() => newcomer.status().domains[0]?.cores[0]?.connected === true);
    assert.match(newcomer.check(), /well {3}core of two\.example at \S+: connected, 0 sessions/);
    await anna.must("<iq type='get' id='p' to='two.example'><ping xmlns='urn:xmpp:ping'/></iq>", /id='p'/);
    anna.destroy();
    const shown = core.parleyd(['check']);
    assert.match(shown, /well {3}edge doorman: connected from 127\.0\.0\.1:\d+, \d+ sessions?\n/);
    assert.match(shown, /well {3}edge newcomer: connected/);
    newcomer.signal('SIGKILL');
    await edge.until(() => /the link to the edge newcomer is cut/.test(core.log));
    assert.match(core.parleyd(['check'], '', 1), /WRONG {2}edge newcomer: can't be reached for \d+ s/);
  } finally {
    newcomer.signal('SIGKILL');
    rmSync(elsewhere, { recursive: true, force: true });
  }
});

test("behind a balancer a client's own address reaches the core; from elsewhere the same words are garbage", async () => {
  const line = Buffer.from('0d0a0d0a000d0a515549540a2111000cc6336417c0000201d4311466', 'hex'); // 198.51.100.23
  const wrong = async (from: string) => {
    const socket = connect({ port: edge.port, host: '127.0.0.1', localAddress: from });
    socket.write(Buffer.concat([line, Buffer.from(header('two.example'))]));
    let heard = '';
    socket.on('data', (data: Buffer) => {
      heard += data.toString();
      if (/<\/stream:(?:features|stream)>/.test(heard)) socket.destroy();
    });
    await new Promise((closed) => socket.once('close', closed));
    return heard;
  };
  assert.match(await wrong('127.0.0.1'), /<stream:error>/);
  const heard = await wrong('127.0.0.9');
  assert.match(heard, /<stream:features>/);
  assert.match(heard, /<required\/>/, 'no loopback: it comes from far away');
  assert.doesNotMatch(heard, /<mechanism>/);
});

test('a folder that has an edge is not made again, and what is missing is said', () => {
  const said = spawnSync(edge.program, ['edge', 'init', '--data', folder, '--core', 'a.example=x'], {
    encoding: 'utf8',
  });
  assert.equal(said.status, 3);
  assert.match(said.stderr, /There is an edge in/);
  assert.equal(spawnSync(edge.program, ['edge', 'run', '--data', '/nowhere'], { encoding: 'utf8' }).status, 1);
  assert.equal(spawnSync(edge.program, ['edge', 'walk'], { encoding: 'utf8' }).status, 2);
});
