// TLS as an XMPP server needs it: SNI, live certificates, client certificates, ALPN, channel binding, resumption; direct and STARTTLS.
// run: node tls.mjs     and     bun tls.mjs      (needs `openssl` on the path to make certificates; prints one line per fact)
import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect as connectTcp, createServer as createTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import tls from 'node:tls';

const dir = mkdtempSync(join(tmpdir(), 'tls-probe-'));
function pair(name, serial) {
  const [key, cert] = [join(dir, 'key'), join(dir, 'cert')];
  execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-keyout',
      key,
      '-out',
      cert,
      '-days',
      '30',
      '-subj',
      `/CN=${name}`,
      '-set_serial',
      String(serial),
      '-addext',
      `subjectAltName=DNS:${name}`,
    ],
    { stdio: 'ignore' },
  );
  return { key: readFileSync(key), cert: readFileSync(cert) };
}
const certs = {
  default: pair('default.test', 1),
  'a.test': pair('a.test', 2),
  a2: pair('a.test', 3),
  d2: pair('default.test', 4),
  client: pair('client.test', 9),
};
rmSync(dir, { recursive: true });
const contexts = new Map([
  ['a.test', tls.createSecureContext(certs['a.test'])],
  ['', tls.createSecureContext(certs.default)],
]);
const SNICallback = (name, done) => done(null, contexts.get(name) ?? contexts.get(''));
const say = (what, ...facts) =>
  console.log(
    `${process.versions.bun ? 'bun ' : 'node'} ${what}: ${facts.map((f) => (typeof f === 'string' ? f : JSON.stringify(f))).join(' ')}`,
  );
const fail = (error) => ({ error: error.code ?? error.message });
const listen = (server) => new Promise((r) => server.listen(0, '127.0.0.1', () => r(server.address().port)));
const until = (promise, ms = 3000) =>
  Promise.race([promise, new Promise((r) => setTimeout(r, ms, { error: 'nothing within 3 s' }))]);

// What each side sees of one connection. `seen` is filled by the server for the connection it has just finished.
let seen;
function facts(socket) {
  const peer = socket.getPeerCertificate?.();
  const own = socket.getCertificate?.();
  let exporter;
  try {
    exporter = socket.exportKeyingMaterial(32, 'EXPORTER-Channel-Binding').toString('hex');
  } catch (e) {
    exporter = e.message;
  }
  let exporter0;
  try {
    exporter0 = socket.exportKeyingMaterial(32, 'EXPORTER-Channel-Binding', Buffer.alloc(0)).toString('hex');
  } catch (e) {
    exporter0 = e.message;
  }
  let x;
  try {
    x = socket.getPeerX509Certificate?.()?.subject;
  } catch (e) {
    x = e.message;
  }
  return {
    alpn: socket.alpnProtocol,
    sni: socket.servername,
    protocol: socket.getProtocol(),
    cipher: socket.getCipher()?.name,
    exporter,
    exporter0,
    peer: peer?.subject?.CN,
    peerSerial: peer?.serialNumber,
    peerRaw: peer?.raw?.length,
    peerX509: x,
    own: own?.subject?.CN,
    ownRaw: own?.raw?.length,
    authorized: socket.authorized,
    why: String(socket.authorizationError?.code ?? socket.authorizationError),
    finished: socket.getFinished?.()?.length,
    peerFinished: socket.getPeerFinished?.()?.length,
    reused: socket.isSessionReused?.(),
    address: socket.remoteAddress,
    bytesRead: socket.bytesRead,
  };
}
function server(kind, options) {
  const secured = (socket) => {
    seen = facts(socket);
    socket.on('error', () => {});
    socket.on('data', (d) => socket.write(d));
    socket.on('end', () => socket.end());
  };
  if (kind === 'direct') {
    const s = tls.createServer(options, secured);
    s.on('tlsClientError', (e) => {
      seen = fail(e);
    });
    return s;
  }
  return createTcp((raw) => {
    // STARTTLS: plain first, then TLS over the same socket
    raw.on('error', () => {});
    raw.once('data', () => {
      raw.write('proceed', () => {
        const socket = new tls.TLSSocket(raw, { isServer: true, ...options });
        socket.once('secure', () => secured(socket));
        socket.on('error', (e) => {
          seen = fail(e);
        });
      });
    });
  });
}
async function client(kind, port, options) {
  seen = undefined;
  let raw;
  if (kind === 'starttls') {
    raw = connectTcp(port, '127.0.0.1');
    raw.write('starttls');
    await new Promise((r) => raw.once('data', r));
  }
  return until(
    new Promise((resolve) => {
      const socket = tls.connect({
        ...(raw ? { socket: raw } : { port, host: '127.0.0.1' }),
        rejectUnauthorized: false,
        servername: 'a.test',
        ...options,
      });
      let session;
      socket.on('session', (s) => {
        session = s;
      });
      socket.on('error', (e) => resolve(fail(e)));
      socket.once('secureConnect', () => socket.write('ping'));
      socket.once('data', () => {
        const f = facts(socket);
        setTimeout(() => {
          f.session = session;
          socket.end();
          resolve(f);
        }, 30);
      });
    }),
  );
}
for (const kind of ['direct', 'starttls']) {
  let s = server(kind, { ...certs.default, SNICallback, ALPNProtocols: ['xmpp-client', 'xmpp-server'] });
  let port = await listen(s);
  const one = await client(kind, port, { ALPNProtocols: ['h2', 'xmpp-server'] });
  say(`${kind} SNI a.test`, one.peer ?? one, 'server saw', seen ?? 'nothing');
  say(
    `${kind} exporter equal`,
    one.exporter === seen?.exporter,
    'with empty context equal',
    one.exporter0 === seen?.exporter0,
    'empty = none',
    one.exporter === one.exporter0,
  );
  say(`${kind} client finished`, one.finished, one.peerFinished);
  const other = await client(kind, port, { servername: 'unknown.test', maxVersion: 'TLSv1.2' });
  say(
    `${kind} unknown name, TLS 1.2, no ALPN`,
    other.peer ?? other,
    other.protocol,
    'alpn',
    seen?.alpn,
    'exporter equal',
    other.exporter === seen?.exporter,
    'finished',
    other.finished,
    'server',
    seen?.finished,
    seen?.peerFinished,
  );
  const none = await client(kind, port, { servername: '' });
  say(`${kind} no name`, none.peer ?? none, 'server sni', seen?.sni);
  const wrong = await client(kind, port, { ALPNProtocols: ['h2'] });
  say(
    `${kind} ALPN without overlap`,
    wrong.error ?? `connected, alpn ${wrong.alpn}`,
    'server',
    seen?.error ?? `alpn ${seen?.alpn}`,
  );
  contexts.set('a.test', tls.createSecureContext(certs.a2));
  const live = await client(kind, port, {});
  say(`${kind} context replaced in the map`, 'serial', live.peerSerial ?? live, '(02 old, 03 new)');
  contexts.set('a.test', tls.createSecureContext(certs['a.test']));
  const session = one.session;
  const again = await client(kind, port, { session });
  say(
    `${kind} resumption`,
    'ticket',
    session?.length ?? 'none',
    'client reused',
    again.reused ?? again,
    'server reused',
    seen?.reused,
    'exporter equal',
    again.exporter === seen?.exporter,
  );
  const t12 = await client(kind, port, { maxVersion: 'TLSv1.2' });
  const t12b = await client(kind, port, { maxVersion: 'TLSv1.2', session: t12.session });
  say(
    `${kind} resumption TLS 1.2`,
    'ticket',
    t12.session?.length ?? 'none',
    'client reused',
    t12b.reused ?? t12b,
    'server',
    seen?.reused,
  );
  s.close();
  s = server(kind, { ...certs.default, requestCert: true, rejectUnauthorized: false, SNICallback });
  port = await listen(s);
  const own = await client(kind, port, certs.client);
  say(
    `${kind} client certificate`,
    'server saw',
    seen?.peer ?? seen ?? own,
    seen?.peerSerial,
    'raw',
    seen?.peerRaw,
    'x509',
    seen?.peerX509,
    'authorized',
    seen?.authorized,
    seen?.why,
    'own',
    seen?.own,
  );
  await client(kind, port, {});
  say(`${kind} no client certificate`, 'peer', seen?.peer ?? 'none', 'authorized', seen?.authorized, seen?.why);
  s.close();
  s = server(kind, { ...certs.default, requestCert: true, rejectUnauthorized: false, ca: certs.client.cert });
  port = await listen(s);
  await client(kind, port, certs.client);
  say(`${kind} client certificate with ca`, 'authorized', seen?.authorized, seen?.why);
  s.close();
  s = server(kind, {
    ...certs.default,
    ALPNCallback: ({ servername, protocols }) => {
      say(`${kind} ALPNCallback called`, servername, protocols);
      return protocols.find((p) => p === 'xmpp-client');
    },
  });
  port = await listen(s);
  const chosen = await client(kind, port, { ALPNProtocols: ['x', 'xmpp-client'] });
  say(`${kind} ALPNCallback`, 'client', chosen.alpn ?? chosen, 'server', seen?.alpn);
  s.close();
}
// Live certificates without SNICallback: setSecureContext and addContext on a direct TLS server.
const s = tls.createServer(certs.default, (socket) => {
  seen = facts(socket);
  socket.on('error', () => {});
  socket.on('data', (d) => socket.write(d));
});
const port = await listen(s);
const serial = async (servername) => {
  const c = await client('direct', port, { servername });
  return c.peerSerial ?? c;
};
say('before', await serial('default.test'));
try {
  s.addContext('a.test', certs['a.test']);
  say('addContext a.test', 'serial', await serial('a.test'), '(02 right)');
} catch (e) {
  say('addContext', fail(e));
}
try {
  s.addContext('a.test', certs.a2);
  say('addContext a.test again', 'serial', await serial('a.test'), '(03 right)');
} catch (e) {
  say('addContext', fail(e));
}
try {
  s.setSecureContext(certs.d2);
  say('setSecureContext', 'serial', await serial('default.test'), '(04 right)');
} catch (e) {
  say('setSecureContext', fail(e));
}
try {
  const keys = s.getTicketKeys();
  say('getTicketKeys', keys?.length ?? 'undefined');
  s.setTicketKeys(keys);
  say('setTicketKeys', 'ok');
} catch (e) {
  say('ticket keys', fail(e));
}
const x = new X509Certificate(certs['a.test'].cert);
say(
  'X509Certificate',
  x.subject,
  x.checkHost('a.test') ?? 'no',
  x.checkPrivateKey ? 'checkPrivateKey' : '',
  x.fingerprint256.length,
  x.validToDate?.toISOString?.() ?? 'no validToDate',
  x.signatureAlgorithm ?? 'no signatureAlgorithm',
  'signatureAlgorithmOid',
  x.signatureAlgorithmOid ?? 'undefined',
);
process.exit(0);
