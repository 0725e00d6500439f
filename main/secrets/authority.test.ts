import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { connect, createServer } from 'node:tls';
import { certify, covers, newAuthority, selfSigned } from './authority.ts';

test('a server is believed at each of its addresses by who knows the authority, and nowhere else', async () => {
  const authority = await newAuthority('Parley, servers of acme.example');
  const pair = await certify(authority, 'web1', ['127.0.0.1', 'web1.example']);
  const server = createServer({ cert: pair.certificate, key: pair.key }, (socket) => socket.end());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const tryWith = async (ca: string, servername?: string) => {
    const socket = connect({ host: '127.0.0.1', port, ca, ...(servername && { servername }) });
    try {
      await once(socket, 'secureConnect');
      return 'believed';
    } catch (error) {
      return (error as NodeJS.ErrnoException).code;
    } finally {
      socket.destroy();
    }
  };
  try {
    assert.equal(await tryWith(authority.certificate), 'believed');
    assert.equal(await tryWith(authority.certificate, 'web1.example'), 'believed');
    assert.equal(await tryWith(authority.certificate, 'web2.example'), 'ERR_TLS_CERT_ALTNAME_INVALID');
    const other = await newAuthority('another');
    assert.notEqual(await tryWith(other.certificate), 'believed');
  } finally {
    server.close();
  }
  assert.ok(covers(pair.certificate, ['127.0.0.1']));
  assert.ok(!covers(pair.certificate, ['127.0.0.1', '127.0.0.2']));
});

test('the certificate for clients is for the domain and what is below it', async () => {
  const { certificate } = await selfSigned('acme.example');
  assert.ok(covers(certificate, ['acme.example', 'rooms.acme.example']));
  assert.ok(!covers(certificate, ['other.example']));
});
