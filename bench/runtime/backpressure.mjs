// Slow readers: does write() say false, does 'drain' come, is writableLength right, does pause() reach the kernel, is memory bounded?
// run: node backpressure.mjs CERT.pem     and     bun backpressure.mjs CERT.pem      (plain, direct TLS and STARTTLS; one line per fact)
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { connect as connectTcp, createServer as createTcp } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import tls from 'node:tls';
import { fileURLToPath } from 'node:url';

const [pem, role, portText] = process.argv.slice(2);
const kinds = ['plain', 'tls', 'starttls'];
const dial = async (kind, port) => {
  if (kind === 'tls') {
    const s = tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
    await new Promise((r) => s.once('secureConnect', r));
    return s;
  }
  const raw = connectTcp(port, '127.0.0.1');
  await new Promise((r) => raw.once('connect', r));
  if (kind === 'plain') return raw;
  raw.write('starttls');
  await new Promise((r) => raw.once('data', r));
  const s = tls.connect({ socket: raw, rejectUnauthorized: false });
  await new Promise((r) => s.once('secureConnect', r));
  return s;
};
if (kinds.includes(role)) {
  // the reader, a process of its own, so that SIGSTOP stops it for real
  const socket = await dial(role, Number(portText));
  let got = 0;
  socket.on('data', (d) => {
    got += d.length;
  });
  socket.on('error', (e) => console.log(`reader error ${e.code}`));
  socket.on('end', () => {
    console.log(`reader got ${got}`);
    process.exit(0);
  });
  socket.write('go');
} else {
  const both = readFileSync(pem);
  const say = (...facts) => console.log(process.versions.bun ? 'bun ' : 'node', ...facts);
  const rss = () =>
    Math.round(Number(/^Anonymous:\s+(\d+)/m.exec(readFileSync('/proc/self/smaps_rollup', 'latin1'))[1]) / 1024);
  const listen = (kind, serve) =>
    new Promise((resolve) => {
      const options = { key: both, cert: both };
      const upgrade = (raw) =>
        raw.once('data', () =>
          raw.write('proceed', () => {
            const t = new tls.TLSSocket(raw, { isServer: true, ...options });
            t.once('secure', () => serve(t));
            t.on('error', () => {});
          }),
        );
      const server = kind === 'tls' ? tls.createServer(options, serve) : createTcp(kind === 'plain' ? serve : upgrade);
      server.listen(0, '127.0.0.1', () => resolve(server));
    });
  for (const kind of kinds) {
    // 1. The writer obeys write() === false against a stopped process, then the reader wakes up.
    let server = await listen(kind, (socket) => socket.once('data', () => serveSlow(socket)));
    let finished, reader;
    const done = new Promise((r) => {
      finished = r;
    });
    async function serveSlow(socket) {
      process.kill(reader.pid, 'SIGSTOP');
      await sleep(100);
      const chunk = Buffer.alloc(64 * 1024, 120);
      let written = 0,
        drains = 0,
        early = 0;
      socket.on('error', (e) => say(kind, 'writer error', e.code));
      socket.on('drain', () => {
        drains++;
      });
      while (socket.write(chunk)) {
        written += chunk.length;
        if (written > 200e6) {
          say(kind, 'NEVER FALSE');
          break;
        }
        if (socket.writableLength > 1e6) {
          say(kind, 'true although writableLength', socket.writableLength);
          break;
        }
        await new Promise(setImmediate);
      }
      written += chunk.length;
      await sleep(300);
      early = drains;
      // The rule of thumb is "wait for drain"; a kernel buffer may still take some, so go on until no drain comes for 300 ms.
      for (;;) {
        const before = drains;
        if (!socket.writableNeedDrain) {
          while (socket.write(chunk)) written += chunk.length;
          written += chunk.length;
        }
        await sleep(300);
        if (drains === before) break;
      }
      const stuck = socket.writableLength,
        mark = socket.writableHighWaterMark;
      // Ignore the false: 64 MB more. writableLength must count it all.
      const before = rss();
      for (let n = 0; n < 1024; n++) {
        socket.write(chunk);
        written += chunk.length;
      }
      await sleep(200);
      say(
        kind,
        `stopped reader: false after ${written - 1024 * 65536} bytes, drains ${early}/${drains}, writableLength ${stuck} (mark ${mark}), needDrain ${socket.writableNeedDrain}; 64 MB more, ignoring false: writableLength +${socket.writableLength - stuck} (67108864 right), bufferSize ${socket.bufferSize}, anonymous memory ${before} -> ${rss()} MB`,
      );
      const count = drains;
      process.kill(reader.pid, 'SIGCONT');
      const from = Date.now();
      while (drains === count && Date.now() - from < 10000) await sleep(5);
      say(
        kind,
        `after wake: drain in ${Date.now() - from} ms, writableLength ${socket.writableLength}, sent ${written}, bytesWritten ${socket.bytesWritten}`,
      );
      socket.end();
      finished();
    }
    reader = spawn(process.execPath, [fileURLToPath(import.meta.url), pem, kind, String(server.address().port)], {
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    const ended = new Promise((r) => reader.on('exit', r));
    await Promise.race([done.then(() => ended), sleep(30000)]);
    try {
      process.kill(reader.pid, 'SIGKILL');
    } catch {}
    server.close();

    // 2. The server pauses: how much can a peer push before its own write() stays false?
    let held;
    server = await listen(kind, (socket) => {
      held = socket;
      socket.on('error', () => {});
      let got = 0;
      socket.on('data', (d) => {
        got += d.length;
        socket.got = got;
        if (got === 2) socket.pause();
      });
    });
    const peer = await dial(kind, server.address().port);
    peer.on('error', () => {});
    peer.write('go');
    await sleep(200);
    const chunk = Buffer.alloc(65536, 121);
    let pushed = 0,
      idle = 0;
    const start = rss();
    while (idle < 10 && pushed < 200e6) {
      if (!peer.writableNeedDrain) {
        while (peer.write(chunk)) pushed += chunk.length;
        pushed += chunk.length;
        idle = 0;
      } else idle++;
      await sleep(50);
    }
    const heldBack = held.readableLength,
      gotPaused = held.got;
    held.resume();
    const from = Date.now();
    while (held.got < pushed + 2 && Date.now() - from < 5000) await sleep(5);
    say(
      kind,
      `paused server: peer pushed ${pushed} of 200 MB before it blocked, server was given ${gotPaused}, readableLength ${heldBack}, anonymous memory ${start} -> ${rss()} MB; after resume got all: ${held.got === pushed + 2} in ${Date.now() - from} ms`,
    );
    // 3. A peer that vanishes: order of the events and what a later write says.
    const events = [];
    for (const e of ['end', 'close', 'error', 'finish'])
      held.on(e, (x) => events.push(e + (x?.code ? ` ${x.code}` : typeof x === 'boolean' ? ` ${x}` : '')));
    if (kind === 'plain') peer.resetAndDestroy?.();
    else peer.destroy();
    await sleep(200);
    const late = [];
    try {
      late.push(held.write('x', (e) => late.push(`callback ${e?.code}`)));
    } catch (e) {
      late.push(`threw ${e.code}`);
    }
    await sleep(100);
    say(
      kind,
      `peer gone: events ${events.join(', ')}; write after: ${late.join(', ')}; destroyed ${held.destroyed}, remoteAddress ${held.remoteAddress}`,
    );
    server.close();
  }
  process.exit(0);
}
