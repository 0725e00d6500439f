// STARTTLS on one server process, driven by a client in another, so that two TLS stacks meet: edge cases, memory and CPU of an upgraded session.
// run: node starttls.mjs CERT.pem RUNTIME [SESSIONS]      RUNTIME: `node`, `bun` or any other path to one; the client is what runs this file
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import tls from 'node:tls';
import { fileURLToPath } from 'node:url';

const [pem, runtime, count = '2000'] = process.argv.slice(2);
if (runtime === 'role:server') {
  const both = readFileSync(pem);
  const context = tls.createSecureContext({ key: both, cert: both, sessionIdContext: 'parley' });
  const options = {
    isServer: true,
    sessionIdContext: 'parley',
    secureContext: context,
    requestCert: true,
    rejectUnauthorized: false,
    ALPNProtocols: ['xmpp-client'],
  };
  const hello = (socket) => {
    socket.write(
      JSON.stringify({
        exporter: socket.exportKeyingMaterial(32, 'EXPORTER-Channel-Binding').toString('hex'),
        address: socket.remoteAddress,
        reused: socket.isSessionReused(),
        alpn: socket.alpnProtocol,
        own: socket.getCertificate()?.raw?.length,
        pause: socket.isPaused(),
      }),
    );
    socket.on('data', (d) => socket.write(`echo ${d}`));
  };
  const errors = [];
  process.on('uncaughtException', (e) => errors.push(`UNCAUGHT ${e.code ?? e.message}`));
  const upgrade = (raw, more) => {
    const t = new tls.TLSSocket(raw, { ...options, ...more });
    t.on('secure', () => hello(t));
    t.on('error', (e) => errors.push(e.code));
    t.on('close', () => errors.push('tls close'));
    return t;
  };
  const server = createServer({ noDelay: true }, (raw) => {
    raw.on('error', (e) => errors.push(`raw ${e.code}`));
    const first = (chunk) => {
      const text = chunk.toString('latin1');
      if (text.startsWith('CALLBACK')) {
        raw.off('data', first);
        raw.write('proceed', () => upgrade(raw));
      } else if (text.startsWith('SYNC')) {
        raw.off('data', first);
        raw.write('proceed');
        upgrade(raw);
      } else if (text.startsWith('LATER')) {
        raw.off('data', first);
        raw.pause();
        raw.write('proceed');
        setTimeout(() => upgrade(raw), 200);
      } else if (text.startsWith('ASYNC')) {
        raw.off('data', first);
        raw.write('proceed');
        upgrade(raw, { SNICallback: (_name, done) => setTimeout(() => done(null, context), 100) });
      } else if (text.startsWith('NOSNI')) {
        raw.off('data', first);
        raw.write('proceed');
        upgrade(raw, { SNICallback: (_name, done) => done(new Error('no such name')) });
      } else if (chunk[0] === 0x16) {
        raw.off('data', first);
        raw.pause();
        raw.unshift(chunk);
        upgrade(raw);
      } // direct TLS on the same port, told by its first byte
      else if (text.startsWith('ERRORS')) {
        raw.end(JSON.stringify(errors.splice(0)));
      }
    };
    raw.on('data', first);
  });
  server.listen(0, '127.0.0.1', 4096, () => console.log(server.address().port));
} else {
  const child = spawn(runtime, [fileURLToPath(import.meta.url), pem, 'role:server'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const port = Number(String(await new Promise((r) => child.stdout.once('data', r))));
  const name = runtime.split('/').pop().padEnd(4);
  const say = (...facts) => console.log(`${name} server, ${process.versions.bun ? 'bun' : 'node'} client:`, ...facts);
  const mib = () =>
    Number(/^Anonymous:\s+(\d+)/m.exec(readFileSync(`/proc/${child.pid}/smaps_rollup`, 'latin1'))[1]) / 1024;
  const cpu = () => {
    const f = readFileSync(`/proc/${child.pid}/stat`, 'latin1').split(') ')[1].split(' ');
    return (Number(f[11]) + Number(f[12])) * 10;
  };
  const plain = (text) =>
    new Promise((resolve) => {
      const s = connect(port, '127.0.0.1');
      let all = '';
      s.write(text);
      s.on('data', (d) => {
        all += d;
      });
      s.on('close', () => resolve(all));
      s.on('error', () => {});
    });
  const session = (command, more = {}) =>
    Promise.race([
      sleep(4000).then(() => ({ error: 'nothing within 4 s' })),
      new Promise((resolve) => {
        const go = (raw) => {
          const s = tls.connect({
            ...(raw ? { socket: raw } : { port, host: '127.0.0.1' }),
            rejectUnauthorized: false,
            servername: 'a.test',
            ALPNProtocols: ['xmpp-client'],
            ...more,
          });
          let ticket;
          s.on('session', (t) => {
            ticket = t;
          });
          s.on('error', (e) => resolve({ error: e.code ?? e.message }));
          s.once('data', (d) => {
            const seen = JSON.parse(d);
            seen.equal = s.exportKeyingMaterial(32, 'EXPORTER-Channel-Binding').toString('hex') === seen.exporter;
            delete seen.exporter;
            s.write('x');
            s.once('data', (e) =>
              resolve({ s, seen: { ...seen, echo: String(e) }, ticket, reused: s.isSessionReused() }),
            );
          });
        };
        if (command === '') {
          go();
          return;
        }
        const raw = connect(port, '127.0.0.1');
        raw.setNoDelay(true);
        raw.on('error', () => {});
        raw.write(command);
        raw.once('data', () => go(raw));
      }),
    ]);
  for (const command of ['CALLBACK', 'SYNC', 'LATER', 'ASYNC', 'NOSNI', '']) {
    const r = await session(command);
    say(command || 'first byte 0x16, unshift', JSON.stringify(r.seen ?? r.error));
    r.s?.destroy();
  }
  const one = await session('SYNC');
  one.s.destroy();
  const two = await session('SYNC', { session: one.ticket });
  say('resumption with one shared secureContext: client', two.reused, 'server', two.seen?.reused);
  two.s?.destroy();
  await sleep(100);
  await plain('ERRORS');
  say(
    'garbage after proceed',
    JSON.stringify(
      await new Promise((resolve) => {
        const raw = connect(port, '127.0.0.1');
        raw.write('SYNC');
        raw.once('data', () => raw.write('<not tls/>'.repeat(20)));
        raw.on('error', () => {});
        raw.on('close', () => resolve('closed by the server'));
        setTimeout(() => {
          raw.destroy();
          resolve('LEFT OPEN');
        }, 1000);
      }),
    ),
    'server events',
    await plain('ERRORS'),
  );
  say(
    'gone in the middle of the handshake',
    await new Promise((resolve) => {
      const raw = connect(port, '127.0.0.1');
      raw.write('SYNC');
      raw.once('data', () => {
        raw.write(Buffer.from([0x16, 3, 1, 2, 0, 1]));
        setTimeout(() => {
          raw.resetAndDestroy();
          setTimeout(async () => resolve(await plain('ERRORS')), 100);
        }, 50);
      });
    }),
  );
  // Plain text behind the request in one packet must not be read as if it had been sent inside TLS (CVE-2011-0411).
  say('injection', JSON.stringify(((r) => r.seen ?? r.error)(await session('SYNC<injected/>'))));
  const sessions = [];
  const [m, c] = [mib(), cpu()];
  for (let n = 0; n < Number(count); n += 50)
    for (const r of await Promise.all(Array.from({ length: 50 }, () => session('SYNC')))) if (r.s) sessions.push(r.s);
  await sleep(3000);
  say(
    `${sessions.length} STARTTLS sessions: ${(((mib() - m) * 1024) / sessions.length).toFixed(1)} KiB anonymous each, ${((cpu() - c) / sessions.length).toFixed(2)} ms CPU each`,
  );
  for (const s of sessions) s.destroy();
  await sleep(5000);
  say(`all left: ${mib().toFixed(1)} MiB anonymous, before the first ${m.toFixed(1)}`);
  child.kill();
  process.exit(0);
}
