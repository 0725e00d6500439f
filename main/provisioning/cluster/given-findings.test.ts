import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { TLSSocket } from 'node:tls';
import { certify, newAuthority } from '../../secrets/authority.ts';
import { Secret } from '../../secrets/secret.ts';
import { fakeHost } from '../../ssh/fake-host.ts';
import { givenFindings } from './given-findings.ts';
import { seeNats } from './nats-probe.ts';
import { seePostgres } from './postgres-probe.ts';
import { Refused } from './talk.ts';

/** Listens on a port of this machine and says what a server would; answers with how to connect to it, and its end. */
async function listening(serve: (socket: Socket) => void) {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    serve(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const open = () =>
    new Promise<Socket>((resolve, reject) => {
      const socket = connect(port, '127.0.0.1', () => resolve(socket));
      socket.once('error', reject);
    });
  const close = () => {
    for (const socket of sockets) socket.destroy();
    server.close();
  };
  return { port, open, close };
}

const refusedWith = (code: string) => (error: unknown) => error instanceof Refused && error.code === code;
const at = { host: '127.0.0.1', port: 1, user: 'parley', database: 'parley', password: new Secret('x'), ca: null };
const nats = { host: '127.0.0.1', port: 1, user: 'parley', password: new Secret('x'), tls: false, ca: null };

const message = (type: string, body: Buffer) => {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(body.length + 4);
  return Buffer.concat([Buffer.from(type), length, body]);
};
const row = (...columns: string[]) => {
  const parts = columns.map((text) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(text.length);
    return Buffer.concat([length, Buffer.from(text)]);
  });
  return message('D', Buffer.concat([Buffer.from([0, columns.length]), ...parts]));
};
const READY = message('Z', Buffer.from('I'));

test('a PostgreSQL is asked over TLS what it is; one that is older than what can be had here too', async () => {
  const authority = await newAuthority('test');
  const pair = await certify(authority, 'db', ['127.0.0.1']);
  const server = await listening((socket) =>
    socket.once('data', () => {
      socket.write('S');
      const tls = new TLSSocket(socket, { isServer: true, cert: pair.certificate, key: pair.key });
      tls.once('data', () => {
        tls.write(Buffer.concat([message('R', Buffer.from([0, 0, 0, 0])), READY]));
        tls.once('data', () => tls.write(Buffer.concat([row('12.22', '120022', 't', 'f', '100', '7'), READY])));
      });
      tls.on('error', () => undefined);
    }),
  );
  try {
    const seen = await seePostgres({ ...at, ca: authority.certificate }, 'acme.example', server.open);
    assert.deepEqual(seen, {
      ...{ version: '12.22', number: 120_022, mayCreate: true, standby: false, most: 100, now: 7 },
    });
    await assert.rejects(seePostgres(at, 'acme.example', server.open), refusedWith('certificate'));
    const folder = mkdtempSync(join(tmpdir(), 'parley-given-'));
    const caFile = join(folder, 'ca.pem');
    writeFileSync(caFile, authority.certificate);
    const spec = {
      hosts: ['a', 'b'],
      postgres: { kind: 'given' as const, url: 'postgres://parley@127.0.0.1/parley', caFile },
      nats: { kind: 'installed' as const, hostIds: ['a'], port: 4222 },
    };
    const found = await givenFindings(spec, 'acme.example', { ...fakeHost(() => undefined), openTcp: server.open });
    assert.deepEqual(found, [
      {
        ...{ code: 'postgres-too-old', stops: true, what: 'PostgreSQL at 127.0.0.1:5432 is too old: 12.22.' },
        ...{ why: 'parleyd needs PostgreSQL 13 or newer.', todo: 'Upgrade it, or give another.' },
      },
    ]);
    rmSync(folder, { recursive: true });
  } finally {
    server.close();
  }
});

test('who answers SSLRequest with no has no TLS; who answers nothing is out of reach', async () => {
  const plain = await listening((socket) => socket.once('data', () => socket.write('N')));
  await assert.rejects(seePostgres(at, 'acme.example', plain.open), refusedWith('no-tls'));
  plain.close();
  const gone = await listening((socket) => socket.destroy());
  await assert.rejects(seePostgres(at, 'acme.example', gone.open), refusedWith('unreachable'));
  await assert.rejects(seeNats(nats, 'acme.example', gone.open), refusedWith('unreachable'));
  gone.close();
  await assert.rejects(seePostgres(at, 'acme.example', gone.open), refusedWith('unreachable'));
});

test('what answers at the port and is no NATS is told so; words that come in pieces are put together', async () => {
  const http = await listening((socket) => socket.write('HTTP/1.1 400 Bad Request\r\n'));
  await assert.rejects(seeNats(nats, 'acme.example', http.open), refusedWith('other'));
  http.close();
  const slow = await listening((socket) => {
    socket.write('INFO {"version":"2.9.10",');
    setTimeout(() => socket.write('"max_payload":1048576}\r\n'), 10);
    socket.on('data', () => socket.write('+OK\r\nPONG\r\n'));
  });
  assert.deepEqual(await seeNats(nats, 'acme.example', slow.open), { version: '2.9.10', mostBytes: 1_048_576 });
  await assert.rejects(seeNats({ ...nats, tls: true }, 'acme.example', slow.open), refusedWith('no-tls'));
  slow.close();
});
