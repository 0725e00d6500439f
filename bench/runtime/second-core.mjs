// Probe for docs/adr/0014: what it costs to end TLS in a process of its own. The floor's relay (../load/floor.mjs) in one
// process, or behind a second one that does TLS and hands bytes over a Unix socket, framed and gathered once a turn.
// usage: RUNTIME second-core.mjs one|two PORT CERT.pem      (TLS on PORT; load it with ../load/xmppload, --tls direct --mech plain)
import { spawn } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { serve } from '../load/floor.mjs';

const [mode, port, pem] = [process.argv[2], Number(process.argv[3]), process.argv[4]];
const path = `/tmp/second-core-${port}.sock`;

/** Frames of [connection, length, bytes] over one socket; what is written in one turn leaves in one write. Length 0: it is gone. */
function frames(socket, take) {
  let rest = Buffer.alloc(0);
  let queue = [];
  socket.on('data', (chunk) => {
    let data = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    while (data.length >= 8) {
      const length = data.readUInt32LE(4);
      if (data.length < 8 + length) break;
      take(data.readUInt32LE(0), data.subarray(8, 8 + length));
      data = data.subarray(8 + length);
    }
    rest = data;
  });
  return (id, bytes) => {
    const head = Buffer.alloc(8);
    head.writeUInt32LE(id, 0);
    head.writeUInt32LE(bytes.length, 4);
    queue.push(head, bytes);
    if (queue.length > 2) return;
    setImmediate(() => {
      socket.write(Buffer.concat(queue));
      queue = [];
    });
  };
}

function listenTls(accept) {
  const both = readFileSync(pem);
  createTlsServer({ key: both, cert: both, noDelay: true, ALPNProtocols: ['xmpp-client'] }, accept).listen(
    port,
    '127.0.0.1',
    4096,
  );
}

if (mode === 'one') listenTls(serve);
else if (mode === 'edge') {
  const clients = new Map();
  let last = 0;
  const give = frames(connect(path), (id, bytes) => clients.get(id)?.write(bytes));
  listenTls((socket) => {
    const id = ++last;
    clients.set(id, socket);
    socket.on('data', (bytes) => give(id, bytes));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      clients.delete(id);
      give(id, Buffer.alloc(0));
    });
  });
} else {
  const clients = new Map();
  createServer((edge) => {
    const give = frames(edge, (id, bytes) => {
      let client = clients.get(id);
      if (bytes.length === 0) {
        clients.delete(id);
        client?.emit('close');
        return;
      }
      if (client === undefined) {
        client = new EventEmitter();
        client.write = (text, encoding) => give(id, Buffer.from(text, encoding));
        clients.set(id, client);
        serve(client);
      }
      client.emit('data', bytes);
    });
  }).listen(path, () => spawn(process.execPath, [process.argv[1], 'edge', String(port), pem], { stdio: 'inherit' }));
  const end = () => process.exit(0);
  process.on('SIGTERM', end);
}
