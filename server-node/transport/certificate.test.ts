import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash, X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { connect } from 'node:tls';
import type { Secured } from '../edge/connection.ts';
import { Identity } from './certificate.ts';
import { ClientAuthorities, xmppAddresses } from './client-certificate.ts';
import { endPointBinding } from './end-point.ts';
import { SocketTransport } from './socket.ts';

const folder = mkdtempSync(join(tmpdir(), 'certificates-'));
after(() => rmSync(folder, { recursive: true }));
const at = (name: string) => join(folder, name);
const openssl = (...args: string[]) =>
  execFileSync('openssl', args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
const derOf = (name: string) => new X509Certificate(readFileSync(at(name))).raw;

/** A certificate of `name`, signed by `by`, or by itself. */
function make(name: string, extensions: string, by?: string, key = ['-newkey', 'rsa:2048'], days = '30'): void {
  writeFileSync(at(`${name}.cnf`), `[req]\ndistinguished_name=dn\nprompt=no\n[dn]\nCN=${name}\n[ext]\n${extensions}\n`);
  openssl('req', ...key, '-nodes', '-keyout', `${name}.key`, '-out', `${name}.csr`, '-config', `${name}.cnf`);
  const signer =
    by === undefined ? ['-signkey', `${name}.key`] : ['-CA', `${by}.pem`, '-CAkey', `${by}.key`, '-CAcreateserial'];
  openssl(
    'x509',
    '-req',
    '-in',
    `${name}.csr`,
    ...signer,
    '-days',
    days,
    '-extfile',
    `${name}.cnf`,
    '-extensions',
    'ext',
    '-out',
    `${name}.pem`,
  );
}
const CA = 'basicConstraints=critical,CA:TRUE';
/** last among the extensions: it opens a section of its own, since a comma would end the text */
const address = (jid: string) =>
  `subjectAltName=@alt
[alt]
DNS=device.example.org
otherName=1.3.6.1.5.5.7.8.5;FORMAT:UTF8,UTF8:${jid}`;
make('root', CA);
make('middle', CA, 'root');
make('anna', `extendedKeyUsage=clientAuth\n${address('ännä@example.org')}`, 'root');
make('bert', address('bert@example.org'), 'middle');
make('server', 'subjectAltName=DNS:example.org\nextendedKeyUsage=serverAuth', 'root');
make('stranger', address('anna@example.org'));
make('ordinary', address('anna@example.org'), 'anna');

test('the addresses of a client certificate (RFC 6120 §13.7.1.4)', () => {
  assert.deepEqual(xmppAddresses(derOf('anna.pem')), ['ännä@example.org']);
  assert.deepEqual(xmppAddresses(derOf('server.pem')), []);
  assert.deepEqual(xmppAddresses(derOf('anna.pem').subarray(0, 300)), [], 'what is cut off has none');
});

test('who vouches for a client certificate', () => {
  const authorities = new ClientAuthorities(at('root.pem'));
  const now = Date.now();
  const chain = (...names: string[]) => names.map((name) => new X509Certificate(readFileSync(at(`${name}.pem`))));
  assert.equal(authorities.vouchFor(chain('anna'), now), true);
  assert.equal(authorities.vouchFor(chain('bert', 'middle'), now), true);
  assert.equal(authorities.vouchFor(chain('bert'), now), false, 'a link is missing');
  assert.equal(authorities.vouchFor(chain('stranger'), now), false);
  assert.equal(authorities.vouchFor(chain('server'), now), false, 'it is for servers');
  assert.equal(authorities.vouchFor(chain('ordinary', 'anna'), now), false, 'a person is no authority');
  assert.equal(authorities.vouchFor(chain('anna'), now + 40 * 86_400_000), false, 'it is over');
  assert.equal(authorities.vouchFor([], now), false);
  writeFileSync(at('nothing.pem'), 'no certificate');
  assert.throws(() => new ClientAuthorities(at('nothing.pem')), /holds no certificate/);
});

test('tls-server-end-point takes the hash of the signature (RFC 5929 §4.1)', () => {
  const digest = (hash: string, name: string) => createHash(hash).update(derOf(name)).digest('hex');
  assert.equal(endPointBinding(derOf('root.pem'))?.toString('hex'), digest('sha256', 'root.pem'));
  make('strong', CA, undefined, ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-384']);
  openssl('x509', '-req', '-in', 'strong.csr', '-signkey', 'strong.key', '-sha384', '-out', 'strong.pem');
  assert.equal(endPointBinding(derOf('strong.pem'))?.toString('hex'), digest('sha384', 'strong.pem'));
  openssl('req', '-x509', '-newkey', 'ed25519', '-nodes', '-keyout', 'ed.key', '-out', 'ed.pem', '-subj', '/CN=ed');
  assert.equal(endPointBinding(derOf('ed.pem')), undefined, 'there is none for Ed25519');
});

for (const version of ['TLSv1.3', 'TLSv1.2'] as const) {
  test(`over ${version}: both sides have the same channel, and the client is who its certificate says`, async () => {
    const identity = new Identity(at('server.pem'), at('server.key'), at('root.pem'));
    const handshake = new Promise<Secured>((resolve) => {
      const server = createServer((socket) => {
        server.close();
        new SocketTransport(
          socket,
          identity,
          () => {},
          () => {},
        ).startTls(resolve);
      });
      server.listen(0, '127.0.0.1', () => {
        const bound = server.address();
        assert.ok(typeof bound === 'object' && bound !== null);
        const read = (name: string) => readFileSync(at(name), 'utf8');
        const [cert, key, ca] = [`${read('bert.pem')}${read('middle.pem')}`, read('bert.key'), read('root.pem')];
        const common = { host: '127.0.0.1', servername: 'example.org', ca, cert, key };
        client = connect({ ...common, port: bound.port, minVersion: version, maxVersion: version });
      });
    });
    let client: ReturnType<typeof connect> | undefined;
    const secured = await handshake;
    assert.ok(client);
    if (!client.authorized) await new Promise((resolve) => client?.once('secureConnect', resolve));
    assert.equal(secured.version, version);
    assert.deepEqual(secured.certified, ['bert@example.org']);
    assert.deepEqual(secured.binding('tls-server-end-point'), endPointBinding(client.getPeerCertificate().raw));
    const exported = client.exportKeyingMaterial(32, 'EXPORTER-Channel-Binding', Buffer.alloc(0));
    assert.deepEqual(secured.binding('tls-exporter'), version === 'TLSv1.3' ? exported : undefined);
    assert.equal(secured.bindings.includes('tls-exporter'), version === 'TLSv1.3');
    assert.equal(secured.binding('tls-unique'), undefined);
    client.destroy();
  });
}
