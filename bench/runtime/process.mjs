// What a daemon needs of its process: Unix sockets, handed sockets, systemd's notice, signals, survival, workers, crypto.
// run: node process.mjs     and     bun process.mjs     and compiled: bun build --compile process.mjs --outfile process-probe && ./process-probe
import { spawn } from 'node:child_process';
import {
  createHash,
  createHmac,
  createPublicKey,
  createSign,
  generateKeyPair,
  generateKeyPairSync,
  hkdfSync,
  pbkdf2,
  pbkdf2Sync,
  randomBytes,
  sign,
  timingSafeEqual,
  verify,
  webcrypto,
} from 'node:crypto';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';

const compiled = process.versions.bun && !/bun(\.exe)?$/.test(process.execPath);
const again = (role) => [process.execPath, [...(compiled ? [] : [fileURLToPath(import.meta.url)]), role]];
const say = (...facts) => console.log(process.versions.bun ? 'bun ' : 'node', ...facts);
const anon = () =>
  Math.round(Number(/^Anonymous:\s+(\d+)/m.exec(readFileSync('/proc/self/smaps_rollup', 'latin1'))[1]) / 102.4) / 10;
const role = process.argv.find((a) => a.startsWith('role:'));
const listen = (server, ...at) =>
  new Promise((resolve) => {
    server.once('error', (e) => resolve(e.code));
    server.listen(...at, () => resolve('ok'));
  });
const ask = (where) =>
  new Promise((resolve) => {
    const s = connect(where);
    s.on('data', (d) => {
      resolve(String(d));
      s.destroy();
    });
    s.on('error', (e) => resolve(e.code));
    setTimeout(() => resolve('nothing'), 1500);
  });
const child = (name, options = {}) => {
  const [file, args] = again(`role:${name}`);
  return spawn(file, args, { stdio: ['ignore', 'inherit', 'inherit'], ...options });
};
const ended = (c) =>
  (c.signalCode ?? c.exitCode) === null
    ? new Promise((r) => c.once('exit', (code, signal) => r(signal ?? code)))
    : (c.signalCode ?? c.exitCode); // it may be over already

async function notify(text) {
  // sd_notify by libc; Node has no FFI without a flag
  if (!process.versions.bun) return 'no FFI';
  const { dlopen, ptr } = await import('bun:ffi');
  const libc = dlopen('libc.so.6', {
    socket: { args: ['i32', 'i32', 'i32'], returns: 'i32' },
    sendto: { args: ['i32', 'ptr', 'u64', 'i32', 'ptr', 'u32'], returns: 'i64' },
    close: { args: ['i32'], returns: 'i32' },
  }).symbols;
  const path = Buffer.from(process.env.NOTIFY_SOCKET);
  if (path[0] === 64) path[0] = 0; // @name: the abstract name space
  const address = Buffer.concat([Buffer.from([1, 0]), path]); // AF_UNIX, little-endian
  const fd = libc.socket(1, 2 | 0o2000000, 0); // SOCK_DGRAM | SOCK_CLOEXEC
  const data = Buffer.from(text);
  const sent = libc.sendto(fd, ptr(data), data.length, 0x4000, ptr(address), address.length);
  libc.close(fd);
  return `sendto ${sent}`;
}

if (!isMainThread) {
  parentPort.on('message', (m) => {
    if (m?.kdf) {
      pbkdf2Sync('pw', 'salt', m.kdf, 32, 'sha256');
    }
    parentPort.postMessage(m);
  });
  parentPort.postMessage('up');
} else if (role === 'role:stale') {
  await listen(createServer(), process.env.AT);
  process.kill(process.pid, 'SIGKILL');
} else if (role === 'role:fd') {
  const s = createServer((c) => c.end('handed over'));
  console.log('     listen({fd:3}):', await listen(s, { fd: 3 }));
  await sleep(1500);
  process.exit(0);
} else if (role === 'role:signals') {
  process.on('SIGHUP', () => console.log('     SIGHUP seen'));
  process.on('SIGUSR2', () => console.log('     SIGUSR2 seen'));
  process.on('SIGTERM', () => {
    console.log('     SIGTERM seen');
    process.exitCode = 7;
    clearInterval(keep);
  });
  process.on('uncaughtException', (e, origin) => console.log('     survived', e.message, origin));
  process.on('unhandledRejection', (e) => console.log('     unhandled', e.message));
  const keep = setInterval(() => {}, 1000);
  setTimeout(() => {
    throw new Error('thrown');
  }, 10);
  setTimeout(() => Promise.reject(new Error('rejected')), 20);
  setTimeout(() => {
    const s = createServer(() => {});
    s.on('listening', () => {
      s.close();
      throw new Error('in event');
    });
    s.listen(0);
  }, 30);
} else if (role === 'role:throw') throw new Error('end of it');
else if (role === 'role:reject') {
  Promise.reject(new Error('end of it'));
  setTimeout(() => process.exit(0), 100);
} else if (role === 'role:notify') {
  console.log('     notify:', await notify('READY=1\nSTATUS=probe'));
} else {
  const dir = mkdtempSync(join(tmpdir(), 'process-probe-'));
  const at = join(dir, 'a.sock');
  const old = process.umask(0o177);
  const server = createServer((c) => c.end('hello'));
  const how = await listen(server, at);
  process.umask(old);
  say('unix socket under umask 177:', how, (statSync(at).mode & 0o777).toString(8), 'asked:', await ask(at));
  chmodSync(at, 0o660);
  say('chmod after listen:', (statSync(at).mode & 0o777).toString(8));
  say('second listen on a live one:', await listen(createServer(), at));
  await new Promise((r) => server.close(r));
  say('file after close():', existsSync(at) ? 'left' : 'gone');
  await ended(child('stale', { env: { ...process.env, AT: at } }));
  say('stale file:', existsSync(at), 'connect:', await ask(at), 'listen:', await listen(createServer(), at));
  rmSync(at, { force: true });
  const fresh = createServer((c) => c.end('fresh'));
  say('after rm:', await listen(fresh, at), await ask(at));
  fresh.close();
  say(
    'path of 120 characters:',
    await listen(createServer(), join(dir, 'x'.repeat(120))).catch((e) => `throws ${e.code ?? e.message}`),
  );

  const handed = createServer((c) => c.end('from the parent'));
  await listen(handed, 0, '127.0.0.1');
  const { port } = handed.address();
  if (handed._handle?.fd > 0) {
    const c = child('fd', { stdio: ['ignore', 'inherit', 'inherit', handed._handle.fd] });
    await sleep(400);
    handed.close();
    say('passed by stdio:', await ask({ port, host: '127.0.0.1' }));
    await ended(c);
  } else {
    say('passed by stdio: no fd to be had of a server', typeof handed._handle);
    handed.close();
  }
  if (existsSync('/usr/bin/systemd-socket-activate')) {
    const [file, args] = again('role:fd');
    const c = spawn('/usr/bin/systemd-socket-activate', ['-l', '127.0.0.1:6990', file, ...args], {
      stdio: ['ignore', 'inherit', 'ignore'],
    });
    await sleep(500);
    say('socket activation:', await ask({ port: 6990, host: '127.0.0.1' }));
    c.kill();
    await ended(c);
  } else if (existsSync('/usr/bin/python3')) {
    const [file, args] = again('role:fd');
    const c = spawn(
      '/usr/bin/python3',
      [
        '-c',
        'import socket,os,sys\ns=socket.socket();s.setsockopt(1,2,1);s.bind(("127.0.0.1",6990));s.listen(9)\nif s.fileno()!=3: os.dup2(s.fileno(),3)\nos.set_inheritable(3,True);os.execv(sys.argv[1],sys.argv[1:])',
        file,
        ...args,
      ],
      { stdio: ['ignore', 'inherit', 'inherit'] },
    );
    await sleep(700);
    say('a socket at fd 3, as systemd hands it:', await ask({ port: 6990, host: '127.0.0.1' }));
    await ended(c);
  }
  if (existsSync('/usr/bin/python3')) {
    const sock = join(dir, 'notify');
    const c = spawn(
      '/usr/bin/python3',
      [
        '-c',
        'import socket,sys\nfor p in sys.argv[1:]:\n s=socket.socket(socket.AF_UNIX,socket.SOCK_DGRAM);s.bind(p.replace("@","\\0",1) if p[0]=="@" else p);s.settimeout(4)\n print("     receiver up",flush=True)\n try: print("     received",s.recv(100),flush=True)\n except Exception as e: print("     received nothing",e,flush=True)',
        sock,
        '@probe-notify',
      ],
      { stdio: ['ignore', 'inherit', 'inherit'] },
    );
    for (const name of [sock, '@probe-notify']) {
      await sleep(300);
      await ended(child('notify', { env: { ...process.env, NOTIFY_SOCKET: name } }));
    }
    await ended(c);
  }
  const c = child('signals');
  await sleep(600);
  c.kill('SIGHUP');
  await sleep(50);
  c.kill('SIGUSR2');
  await sleep(100);
  c.kill('SIGTERM');
  say('signals: exit', await ended(c));
  say(
    'exit code of a throw / a rejection:',
    await ended(child('throw', { stdio: 'ignore' })),
    await ended(child('reject', { stdio: 'ignore' })),
  );
  process.title = 'parley-probe';
  say(
    'title:',
    process.title,
    '; comm',
    readFileSync('/proc/self/comm', 'latin1').trim(),
    '; cmdline',
    readFileSync('/proc/self/cmdline', 'latin1').replaceAll('\0', ' ').slice(0, 40),
  );

  const before = anon(),
    from = performance.now();
  const workers = [];
  for (let n = 0; n < 4; n++) {
    const w = new Worker(new URL(import.meta.url));
    w.on('error', (e) => say('worker error', e.message));
    await Promise.race([new Promise((r) => w.once('message', r)), sleep(2000)]);
    workers.push(w);
  }
  const up = (performance.now() - from) / 4;
  const w = workers[0];
  await sleep(300);
  const grown = (anon() - before) / 4;
  const t = performance.now();
  let n = 0;
  while (performance.now() - t < 1000) {
    await Promise.race([
      new Promise((r) => {
        w.once('message', r);
        w.postMessage({ id: n, text: 'x'.repeat(200) });
      }),
      sleep(2000),
    ]);
    n++;
  }
  say(
    'workers: start',
    up.toFixed(1),
    'ms, each',
    grown.toFixed(1),
    'MiB anonymous, round trip',
    (1e6 / n).toFixed(0),
    'us',
  );
  for (const x of workers) await x.terminate();
  await sleep(500);
  say('workers: after terminate', (anon() - before).toFixed(1), 'MiB over the start');

  const key = randomBytes(32);
  const speed = (f, ms = 500) => {
    const s = performance.now();
    let k = 0;
    while (performance.now() - s < ms) {
      f();
      k++;
    }
    return ((1000 * (performance.now() - s)) / k).toFixed(1);
  };
  speed(() => createHmac('sha256', key).update('n=u,r=abc').digest(), 200);
  say(
    'us each: HMAC-SHA-256',
    speed(() => createHmac('sha256', key).update('n=u,r=abc').digest()),
    'HMAC-SHA-1',
    speed(() => createHmac('sha1', key).update('n=u,r=abc').digest()),
    'SHA-256',
    speed(() => createHash('sha256').update(key).digest()),
    'timingSafeEqual',
    speed(() => timingSafeEqual(key, key)),
    'pbkdf2Sync 10,000 rounds',
    speed(() => pbkdf2Sync('pw', key, 10000, 32, 'sha256')),
  );
  const many = performance.now();
  let ticks = 0;
  const timer = setInterval(() => ticks++, 5);
  await Promise.all(Array.from({ length: 100 }, () => new Promise((r) => pbkdf2('pw', key, 10000, 32, 'sha256', r))));
  clearInterval(timer);
  say(
    'pbkdf2, 100 at once:',
    (performance.now() - many).toFixed(0),
    'ms, timer ran',
    ticks,
    'times of',
    Math.round((performance.now() - many) / 5),
  );
  const ec = await new Promise((resolve, reject) =>
    generateKeyPair('ec', { namedCurve: 'P-256' }, (e, publicKey, privateKey) =>
      e ? reject(e) : resolve({ publicKey, privateKey }),
    ),
  );
  const ed = generateKeyPairSync('ed25519');
  const der = ec.privateKey.export({ type: 'pkcs8', format: 'pem' });
  const signature = sign('sha256', Buffer.from('x'), { key: ec.privateKey, dsaEncoding: 'ieee-p1363' });
  say(
    'keys: ec',
    der.length > 100,
    'P1363',
    signature.length,
    verify('sha256', Buffer.from('x'), { key: createPublicKey(ec.privateKey), dsaEncoding: 'ieee-p1363' }, signature),
    'createSign',
    createSign('sha256').update('x').sign(ec.privateKey).length,
    'ed25519',
    sign(null, Buffer.from('x'), ed.privateKey).length,
    'hkdf',
    hkdfSync('sha256', key, '', 'i', 32).byteLength,
    'subtle',
    typeof webcrypto.subtle.sign,
  );
  try {
    say('timingSafeEqual of unequal length:', timingSafeEqual(key, key.subarray(1)));
  } catch (e) {
    say('timingSafeEqual of unequal length throws', e.code);
  }
  say(
    'SCRAM hashes:',
    ['sha1', 'sha256', 'sha512', 'sha3-512', 'blake2b512']
      .map((h) => {
        try {
          return `${h} ${createHash(h).update('x').digest().length}`;
        } catch (_e) {
          return `${h} no`;
        }
      })
      .join(', '),
  );
  rmSync(dir, { recursive: true, force: true });
  process.exit(0);
}
