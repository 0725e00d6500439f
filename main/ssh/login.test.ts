import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Question } from './ask.ts';
import { createLogin, type LoginMethod } from './login.ts';

const KEY = { kind: 'key', path: '/k', key: { type: 'ssh-ed25519', comment: '' } } as const;
const { signal } = new AbortController();
const ALL = ['publickey', 'password', 'keyboard-interactive'];

/** A login whose person gives these answers, and what they were asked. */
function login(ways: Parameters<typeof createLogin>[2], answers: (string | null)[]) {
  const asked: Question[] = [];
  const it = createLogin(
    'root@h',
    'root',
    ways,
    async (question) => {
      asked.push(question);
      const answer = answers.shift() ?? null;
      return answer === null ? null : [answer];
    },
    signal,
  );
  return { it, asked };
}

test('nobody is asked before the host has said what it takes', async () => {
  const { it, asked } = login([{ kind: 'password' }], ['x']);
  assert.equal((await it.next(null))?.type, 'none');
  assert.equal(asked.length, 0);
  assert.equal(await it.next(['publickey']), null);
  assert.equal(asked.length, 0);
});

test('keys come first, then the password, up to three times', async () => {
  const { it, asked } = login([KEY, { kind: 'password' }], ['a', 'b', 'c', 'd']);
  const types = [];
  for (let i = 0; i < 5; i++) types.push((await it.next(ALL))?.type);
  assert.deepEqual(types, ['publickey', 'password', 'password', 'password', undefined]);
  assert.deepEqual(
    asked.map((question) => question.attempt),
    [1, 2, 3],
  );
  assert.deepEqual(it.tried(), ['the key /k', 'a password']);
  assert.equal(it.declined(), undefined);
});

test('who gives no password has declined; who gives up after a wrong one was refused', async () => {
  const silent = login([{ kind: 'password' }], [null]);
  assert.equal(await silent.it.next(ALL), null);
  assert.equal(silent.it.declined()?.code, 'declined');
  const wrong = login([{ kind: 'password' }], ['wrong', null]);
  await wrong.it.next(ALL);
  assert.equal(await wrong.it.next(ALL), null);
  assert.equal(wrong.it.declined(), undefined);
});

test('a host that asks in its own words gets the answers, and a one-time code is not remembered', async () => {
  const { it, asked } = login([{ kind: 'password' }], ['pw', '123456']);
  const answer = async (method: LoginMethod | null, prompt: string) => {
    assert.ok(method?.type === 'keyboard-interactive');
    return new Promise<string[]>((resolve) => method.prompt('', '', '', [{ prompt, echo: false }], resolve));
  };
  assert.deepEqual(await answer(await it.next(['keyboard-interactive']), 'Password: '), ['pw']);
  assert.deepEqual(await answer(await it.next(['keyboard-interactive']), 'Verification code: '), ['123456']);
  assert.deepEqual(
    asked.map((question) => question.subject),
    ['login root@h', undefined],
  );
  assert.equal(it.password(), 'pw');
});
