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
  assert.deepEqual(specOf({ ...good, domain: ' acme.example ' }, 'h1'), {
    ...{ domain: 'acme.example', hostId: 'h1', c2sPort: 5222, c2sTlsPort: 5223, certificate: { kind: 'self-signed' } },
  });
  assert.deepEqual(authOf({ ...good, auth: 'key', keyPath: '/k ' }), { kind: 'key', path: '/k' });
});
