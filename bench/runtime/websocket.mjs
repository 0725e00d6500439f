// WebSocket (RFC 7395) by the `ws` package on a node:http server, over TCP, TLS and a Unix socket; the server half and the client half.
// run: node websocket.mjs [CERT.pem]   and   bun websocket.mjs [CERT.pem]   and compiled: bun build --compile websocket.mjs --outfile ws-probe
// WS=node_modules/ws/wrapper.mjs imports the package by its path: Bun then takes the real one, not its own stand-in.
import { existsSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { createServer as createHttps, request as requestTls } from 'node:https';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { resolve as absolute, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as packaged from 'ws';

const module = process.env.WS ? await import(absolute(process.env.WS)) : packaged;
const WebSocket = module.WebSocket ?? module.default;
const WebSocketServer = module.WebSocketServer ?? module.default.WebSocketServer;
const say = (...facts) => console.log(process.versions.bun ? 'bun ' : 'node', ...facts);
const until = (promise, ms = 3000) => Promise.race([promise, sleep(ms).then(() => 'NOTHING within 3 s')]);
say(
  'ws is',
  WebSocketServer.name,
  /native code|Bun|\$/.test(String(WebSocketServer).slice(0, 400)) ? 'maybe shimmed' : 'plain',
  String(WebSocketServer).length,
  'characters;',
  module.Receiver ? 'Receiver exported' : 'no Receiver',
  String(module.Receiver ?? '').length,
);

const path = join(tmpdir(), `ws-probe-${process.pid}.sock`);
const both = process.argv[2] && existsSync(process.argv[2]) ? readFileSync(process.argv[2]) : undefined;
for (const kind of ['tcp', 'unix', ...(both ? ['tls'] : [])]) {
  const wss = new WebSocketServer({
    noServer: true,
    maxPayload: 65536,
    perMessageDeflate: false,
    handleProtocols: (offered) => (offered.has('xmpp') ? 'xmpp' : false),
  });
  const answer = (req, res) => {
    res.setHeader('access-control-allow-origin', '*');
    res.end(`plain ${req.url} from ${req.socket.remoteAddress}`);
  };
  const http = kind === 'tls' ? createHttps({ key: both, cert: both }, answer) : createServer(answer);
  let slow;
  const log = [];
  http.on('upgrade', (req, socket, head) => {
    if (req.url !== '/ws') {
      socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n');
      return;
    }
    wss.handleUpgrade(req, socket, head, (ws) => {
      slow = ws;
      log.push(
        `server protocol ${ws.protocol}, forwarded ${req.headers['x-forwarded-for']}, address ${req.socket.remoteAddress}`,
      );
      ws.on('message', (data, binary) => {
        if (String(data) !== 'mute') ws.send(`${binary ? 'binary' : 'text'} ${data.constructor.name} ${data}`);
      });
      ws.on('ping', (d) => log.push(`server got ping ${d}`));
      ws.on('close', (code, reason) => log.push(`server close ${code} ${reason}`));
      ws.on('error', (e) => log.push(`server error ${e.code ?? e.message}`));
    });
  });
  await new Promise((r) => (kind === 'unix' ? http.listen(path, r) : http.listen(0, '127.0.0.1', r)));
  const port = http.address().port;
  say(
    kind,
    'http answers',
    await until(
      new Promise((resolve) =>
        (kind === 'tls' ? requestTls : request)(
          kind === 'unix'
            ? { socketPath: path, path: '/x' }
            : { port, path: '/x', host: '127.0.0.1', rejectUnauthorized: false },
          async (res) => resolve(Buffer.concat(await res.toArray()).toString()),
        )
          .on('error', (e) => resolve(`error ${e.code}`))
          .end(),
      ),
    ),
  );
  const ways =
    kind === 'unix'
      ? {
          createConnection: ['ws://localhost/ws', { createConnection: () => connect(path) }],
          'ws+unix URL': [`ws+unix://${path}:/ws`, {}],
          socketPath: ['ws://localhost/ws', { socketPath: path }],
        }
      : { url: [`${kind === 'tls' ? 'wss' : 'ws'}://127.0.0.1:${port}/ws`, { rejectUnauthorized: false }] };
  for (const [way, [url, options]] of Object.entries(ways)) {
    log.length = 0;
    const result = await until(
      new Promise((resolve) => {
        let ws;
        try {
          ws = new WebSocket(url, ['other', 'xmpp'], { ...options, headers: { 'x-forwarded-for': '192.0.2.7' } });
        } catch (e) {
          resolve(`threw ${e.message}`);
          return;
        }
        const got = [];
        ws.on('open', () => {
          got.push(`client protocol ${ws.protocol}`);
          ws.ping('p');
          ws.send('<open/>');
          ws.send(Buffer.from('bin'));
        });
        ws.on('message', (d, b) => {
          got.push(`${b ? 'binary' : 'text'}:${d}`);
          if (got.length === 4) ws.close(1000, 'bye');
        });
        ws.on('pong', () => got.push('pong'));
        ws.on('close', (code) => {
          got.push(`close ${code}`);
          setTimeout(() => resolve(got.join(' | ')), 50);
        });
        ws.on('error', (e) => resolve(`error ${e.message}`));
      }),
    );
    say(kind, way, result, '||', log.join(' | '));
  }
  // By hand, so that no client library is trusted: upgrade, one masked text frame, a too big frame, and no subprotocol.
  if (kind !== 'tls') {
    const hand = async (offered, frame) =>
      until(
        new Promise((resolve) => {
          const s = kind === 'unix' ? connect(path) : connect(port, '127.0.0.1');
          let all = Buffer.alloc(0);
          let sent = false;
          s.write(
            `GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n${offered}\r\n`,
          );
          s.on('data', (d) => {
            all = Buffer.concat([all, d]);
            if (!sent && all.includes('\r\n\r\n')) {
              sent = true;
              s.write(frame);
              setTimeout(() => {
                s.destroy();
                const end = all.indexOf('\r\n\r\n');
                resolve(
                  `${/protocol: .*/i.exec(all.toString())?.[0].trim() ?? 'no protocol header'}, accept ${all.includes('s3pPLMBiTxaQ9kYGzzhZRbK+xOo=')}, frames ${all.subarray(end + 4).toString('hex')}`,
                );
              }, 150);
            }
          });
          s.on('error', (e) => resolve(`error ${e.code}`));
        }),
      );
    say(
      kind,
      'by hand',
      await hand('Sec-WebSocket-Protocol: xmpp\r\n', Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0x68, 0x69])),
    );
    say(
      kind,
      'by hand, none offered, unmasked frame',
      await hand('', Buffer.from([0x81, 0x02, 0x68, 0x69])),
      log.at(-1),
    );
    say(
      kind,
      'by hand, 70,000 bytes announced over maxPayload',
      await hand(
        'Sec-WebSocket-Protocol: xmpp\r\n',
        Buffer.from([0x81, 0xff, 0, 0, 0, 0, 0, 1, 0x11, 0x70, 0, 0, 0, 0]),
      ),
      log.at(-1),
    );
    // A reader that stops: is there something to measure it by?
    const s = kind === 'unix' ? connect(path) : connect(port, '127.0.0.1');
    s.write(
      'GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n',
    );
    await new Promise((r) => s.once('data', r));
    s.pause();
    await sleep(50);
    for (let n = 0; n < 1000; n++) slow.send('z'.repeat(20000));
    await sleep(200);
    const stuck = slow.bufferedAmount;
    s.resume();
    await sleep(800);
    say(kind, 'stopped reader, 20 MB sent: bufferedAmount', stuck, 'after resume', slow.bufferedAmount);
    slow.terminate();
    await sleep(50);
    s.destroy();
  }
  if (kind === 'unix') say('unix socket mode', (statSync(path).mode & 0o777).toString(8));
  wss.close();
  http.close();
  http.closeAllConnections?.();
}
rmSync(path, { force: true });
process.exit(0);
