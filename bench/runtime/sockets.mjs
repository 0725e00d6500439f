// Smaller socket and name-service facts a server leans on: half-open, options, dual stack, out of descriptors, bytesRead, SRV look-ups.
// run: node sockets.mjs     and     bun sockets.mjs     (loopback only; the descriptor test runs itself again under `ulimit -n 64`)
import { execFileSync, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import * as dns from 'node:dns';
import { readFileSync } from 'node:fs';
import { connect, createServer, isIP } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const say = (...facts) => console.log(process.versions.bun ? 'bun ' : 'node', ...facts);
const listen = (server, ...at) =>
  new Promise((resolve) => {
    server.once('error', (e) => resolve(e.code));
    server.listen(...at, () => resolve(server.address().port));
  });
const stat = (pid) => {
  const f = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1].split(' ');
  return (Number(f[11]) + Number(f[12])) * 10;
};

if (process.argv.includes('role:few')) {
  process.on('uncaughtException', (e) => console.log(`     uncaught ${e.code ?? e.message}`));
  const server = createServer((s) => {
    s.on('error', () => {});
    s.write('hi');
  });
  server.on('error', (e) => console.log(`     server error ${e.code}`));
  server.on('drop', () => console.log('     drop'));
  server.listen(0, '127.0.0.1', () => console.log(`port ${server.address().port}`));
} else {
  // A peer's FIN must not end what we still have to say.
  for (const allowHalfOpen of [true, false]) {
    const seen = [];
    const server = createServer({ allowHalfOpen }, (s) => {
      for (const e of ['end', 'finish', 'close', 'error'])
        s.on(e, (x) => seen.push(`${e}${x === undefined ? '' : ` ${x}`}`));
      s.resume();
      s.on('end', () => setTimeout(() => s.writable && s.end('late'), 100));
    });
    const port = await listen(server, 0, '127.0.0.1');
    const c = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    let got = '';
    c.on('data', (d) => {
      got += d;
    });
    c.end('x');
    await sleep(300);
    say(`allowHalfOpen ${allowHalfOpen}: late answer '${got}', events ${seen.join(', ')}`);
    c.destroy();
    server.close();
  }
  {
    let s;
    const server = createServer({ noDelay: true, keepAlive: true, keepAliveInitialDelay: 60000 }, (x) => {
      s = x;
      x.on('error', () => {});
      x.resume();
    });
    const port = await listen(server, 0, '::');
    const c = connect(port, '127.0.0.1');
    c.write('y'.repeat(1000));
    await sleep(100);
    let ss = '';
    try {
      ss = execFileSync('ss', ['-tnoe', 'sport', '=', `:${port}`], { encoding: 'utf8' });
    } catch {
      ss = 'no ss';
    }
    say(
      'dual stack: remoteAddress',
      s.remoteAddress,
      s.remoteFamily,
      'local',
      s.localAddress,
      s.localPort === port,
      '; bytesRead',
      s.bytesRead,
      'keepalive timer',
      /timer:\(keepalive/.test(ss),
      '; isIP',
      isIP('::1'),
    );
    const timed = [];
    s.setTimeout(150, () => timed.push('timeout'));
    await sleep(300);
    say('setTimeout:', timed.join(' ') || 'no event');
    s.write('a');
    s.write('b');
    s.cork();
    s.write('c');
    s.uncork();
    say(
      'bytesWritten',
      s.bytesWritten,
      'ref/unref',
      typeof s.unref,
      'destroySoon',
      typeof s.destroySoon,
      'resetAndDestroy',
      typeof s.resetAndDestroy,
    );
    const closed = new Promise((r) => c.on('error', (e) => r(e.code)).on('close', () => r('close')));
    s.resetAndDestroy();
    say('resetAndDestroy: peer saw', await closed);
    server.close();
    const v6 = createServer();
    say('ipv6Only:', typeof (await listen(v6, { port: 0, host: '::1', ipv6Only: true })));
    v6.close();
    const two = [createServer(), createServer()];
    const first = await listen(two[0], { port: 0, host: '127.0.0.1', reusePort: true });
    say('reusePort:', (await listen(two[1], { port: first, host: '127.0.0.1', reusePort: true })) === first);
    for (const t of two) t.close();
    const limited = createServer((x) => x.on('error', () => {}));
    limited.maxConnections = 1;
    let drops = 0;
    limited.on('drop', () => drops++);
    const lp = await listen(limited, 0, '127.0.0.1');
    const cs = [1, 2, 3].map(() => connect(lp, '127.0.0.1').on('error', () => {}));
    await sleep(150);
    say(
      'maxConnections 1, three come: drops',
      drops,
      'connections',
      await new Promise((r) => limited.getConnections((_e, n) => r(n))),
    );
    for (const x of cs) x.destroy();
    limited.close();
  }
  {
    // out of descriptors: must neither die nor spin, and take people again later
    const child = spawn(
      'sh',
      ['-c', `ulimit -n 64; exec "$0" "$@"`, process.execPath, fileURLToPath(import.meta.url), 'role:few'],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    let out = '';
    child.stdout.on('data', (d) => {
      out += d;
    });
    while (!/port \d+/.test(out)) await sleep(20);
    const port = Number(/port (\d+)/.exec(out)[1]);
    let hi = 0;
    const many = Array.from({ length: 200 }, () =>
      connect(port, '127.0.0.1')
        .on('data', () => hi++)
        .on('error', () => {}),
    );
    await sleep(500);
    const before = stat(child.pid);
    await sleep(1000);
    const spent = stat(child.pid) - before;
    const served = hi;
    for (const m of many) m.destroy();
    await sleep(500);
    let again = 'NOT SERVED';
    const c = connect(port, '127.0.0.1')
      .on('data', () => {
        again = 'served';
      })
      .on('error', (e) => {
        again = e.code;
      });
    await sleep(500);
    c.destroy();
    say(
      `64 descriptors, 200 clients: served ${served}, CPU ${spent} ms in 1 s, alive ${child.exitCode === null}, later ${again};`,
      out.split('\n').slice(1, 4).join(' '),
    );
    child.kill();
  }
  {
    // SRV by a name server of our own
    const label = (name) =>
      Buffer.concat([
        ...name.split('.').map((l) => Buffer.concat([Buffer.from([l.length]), Buffer.from(l)])),
        Buffer.from([0]),
      ]);
    const udp = createSocket('udp4');
    const asked = [];
    udp.on('message', (q, from) => {
      let at = 12;
      while (q[at]) at += q[at] + 1;
      const type = q.readUInt16BE(at + 1);
      const question = q.subarray(12, at + 5);
      asked.push(type);
      const rr = (data) =>
        Buffer.concat([Buffer.from([0xc0, 12, 0, type, 0, 1, 0, 0, 0, 60, data.length >> 8, data.length & 255]), data]);
      const answers =
        type === 33
          ? [
              rr(Buffer.concat([Buffer.from([0, 5, 0, 10, 0x14, 0x95]), label('xmpp.a.test')])),
              rr(Buffer.concat([Buffer.from([0, 1, 0, 20, 0x14, 0x96]), label('b.a.test')])),
            ]
          : type === 52
            ? [rr(Buffer.from([3, 1, 1, 9, 9]))]
            : type === 1
              ? [rr(Buffer.from([127, 0, 0, 9]))]
              : [];
      udp.send(
        Buffer.concat([
          q.subarray(0, 2),
          Buffer.from([0x81, answers.length ? 0x80 : 0x83, 0, 1, 0, answers.length, 0, 0, 0, 0]),
          question,
          ...answers,
        ]),
        from.port,
        from.address,
      );
    });
    await new Promise((r) => udp.bind(0, '127.0.0.1', r));
    const resolver = new dns.promises.Resolver({ timeout: 500, tries: 1 });
    let set = 'ok';
    try {
      resolver.setServers([`127.0.0.1:${udp.address().port}`]);
    } catch (e) {
      set = e.message;
    }
    const ask = async (how, ...args) => {
      if (typeof resolver[how] !== 'function') return 'missing';
      try {
        return JSON.stringify(await Promise.race([resolver[how](...args), sleep(3000).then(() => 'nothing')]));
      } catch (e) {
        return e.code ?? e.message;
      }
    };
    say(
      'setServers',
      set,
      'resolveSrv',
      await ask('resolveSrv', '_xmpp-server._tcp.a.test'),
      'resolve4',
      await ask('resolve4', 'a.test'),
      'resolve6',
      await ask('resolve6', 'a.test'),
      'resolveTlsa',
      await ask('resolveTlsa', '_5269._tcp.a.test'),
      'asked',
      asked.join(' '),
    );
    udp.close();
  }
  process.exit(0);
}
