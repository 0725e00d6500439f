import assert from 'node:assert/strict';
import { test } from 'node:test';
import { authOf, EMPTY, problemsOf, specOf } from './form.ts';

const good = { ...EMPTY, domain: 'acme.example', host: 'root@192.0.2.7' };

test('a form with a domain and a host has no problem', () => {
  assert.deepEqual(problemsOf(good), {});
});

test('each field says what would be right', () => {
  const problems = problemsOf({ ...EMPTY, auth: 'key', c2sPort: '0', certificate: 'given' });
  assert.deepEqual(Object.keys(problems).sort(), ['c2sPort', 'certFile', 'domain', 'host', 'keyFile', 'keyPath']);
  assert.match(problems.host ?? '', /root@203/);
});

test('two doors need two ports', () => {
  assert.match(problemsOf({ ...good, c2sTlsPort: '5222' }).c2sTlsPort ?? '', /another/);
});

test('a form becomes what the engine is asked', () => {
  assert.deepEqual(specOf({ ...good, domain: ' acme.example ' }, ['h1']), {
    ...{ domain: 'acme.example', hostId: 'h1', c2sPort: 5222, c2sTlsPort: 5223, certificate: { kind: 'self-signed' } },
  });
  assert.deepEqual(authOf({ ...good, auth: 'key', keyPath: '/k ' }), { kind: 'key', path: '/k' });
});

test('several hosts take two at least, and each but once', () => {
  const several = { ...good, where: 'several' as const };
  assert.match(problemsOf(several).more ?? '', /one host more/);
  assert.match(problemsOf({ ...several, more: good.host }).more ?? '', /twice/);
  assert.deepEqual(problemsOf({ ...several, more: 'root@192.0.2.8\nroot@192.0.2.9' }), {});
});

test('what is between several hosts is installed where it was chosen, or is there', () => {
  const three = { ...good, where: 'several' as const, more: 'b\nc', postgres: '1', nats: 'three' as const };
  assert.deepEqual(specOf(three, ['h1', 'h2', 'h3']).cluster, {
    hosts: ['h1', 'h2', 'h3'],
    postgres: { kind: 'installed', hostId: 'h2', port: 5432 },
    nats: { kind: 'installed', hostIds: ['h1', 'h2', 'h3'], port: 4222 },
  });
  const given = { ...three, postgres: 'given', postgresUrl: 'postgres://p:secret@db/x', nats: 'given' as const };
  assert.deepEqual(Object.keys(problemsOf(given)).sort(), ['natsServers', 'postgresUrl']);
});
