import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Prompt } from '../../shared/console-api/secrets.ts';
import { Secret } from '../secrets/secret.ts';
import type { SecretStore } from '../secrets/secret-store.ts';
import type { Question } from '../ssh/ask.ts';
import { createPrompts } from './prompts.ts';

const QUESTION: Question = {
  ...{ kind: 'password', title: 'Password of root@h', text: '', attempt: 1, subject: 'login root@h' },
  questions: [{ label: 'Password', echo: false }],
};

function store(saved: Map<string, string>): SecretStore {
  return {
    kind: 'vault',
    locked: () => false,
    get: async (subject) => (saved.has(subject) ? new Secret(saved.get(subject) ?? '') : undefined),
    set: async (subject, secret) => void saved.set(subject, secret.reveal()),
    remove: async (subject) => void saved.delete(subject),
  };
}

/** Prompts whose operator answers like this. */
function operator(
  answer: (prompt: Prompt) => [answers: string[] | null, remember: boolean] | undefined,
  closed = () => false,
) {
  const asked: Prompt[] = [];
  const settled: string[] = [];
  const opened: string[] = [];
  const made: string[] = [];
  const prompts = createPrompts(
    {
      asked: (prompt) => {
        asked.push(prompt);
        const given = answer(prompt);
        if (given) queueMicrotask(() => prompts.answer(prompt.promptId, ...given));
      },
      settled: (id) => settled.push(id),
    },
    {
      closed,
      missing: () => made.length === 0,
      open: async (passphrase) => void opened.push(passphrase.reveal()),
      create: async (passphrase) => void made.push(passphrase.reveal()),
    },
  );
  return { prompts, asked, settled, opened, made };
}

test('an answer that is to be remembered is not asked for again', async () => {
  const saved = new Map<string, string>();
  const { prompts, asked, settled } = operator(() => [['pw'], true]);
  assert.deepEqual(await prompts.askFor('h', store(saved))(QUESTION), ['pw']);
  assert.deepEqual(await prompts.askFor('h', store(saved))(QUESTION), ['pw']);
  assert.equal(asked.length, 1);
  assert.deepEqual(settled, [asked[0]?.promptId]);
  assert.deepEqual(prompts.list(), []);
});

test('a remembered answer that was refused is forgotten, and asked for', async () => {
  const saved = new Map([['login root@h', 'old']]);
  const { prompts } = operator(() => [['new'], false]);
  const ask = prompts.askFor('h', store(saved));
  assert.deepEqual(await ask(QUESTION), ['old']);
  assert.deepEqual(await ask({ ...QUESTION, attempt: 2 }), ['new']);
  assert.equal(saved.size, 0);
});

test('a prompt waits in the list until it is answered, declined or no longer needed', async () => {
  const { prompts, settled } = operator(() => undefined);
  const abort = new AbortController();
  const waiting = prompts.askFor('h', store(new Map()))(QUESTION, abort.signal);
  await new Promise(setImmediate);
  assert.equal(prompts.list().length, 1);
  abort.abort();
  await assert.rejects(waiting, { code: 'cancelled' });
  assert.equal(settled.length, 1);
  assert.throws(() => prompts.answer('gone', [], false), { code: 'no-prompt' });
});

test('a locked vault is opened first, and left alone once that was declined', async () => {
  let locked = true;
  const open = operator(
    (prompt) => [[prompt.kind === 'vault' ? 'phrase' : 'pw'], false],
    () => locked && !(locked = false),
  );
  await open.prompts.askFor('h', store(new Map()))(QUESTION);
  assert.deepEqual(open.opened, ['phrase']);
  assert.deepEqual(
    open.asked.map((it) => it.kind),
    ['vault', 'password'],
  );

  const declining = operator(
    (prompt) => [prompt.kind === 'vault' ? null : ['pw'], false],
    () => true,
  );
  const ask = declining.prompts.askFor('h', store(new Map()));
  await ask(QUESTION);
  await ask(QUESTION);
  assert.deepEqual(
    declining.asked.map((it) => it.kind),
    ['vault', 'password', 'password'],
  );
});

test('what is kept nowhere else asks for a new vault, until both passphrases are the same', async () => {
  const answers = [
    ['one', 'other'],
    ['same', 'same'],
  ];
  const { prompts, asked, made } = operator(() => [answers.shift() ?? null, false]);
  await prompts.needVault();
  assert.deepEqual(made, ['same']);
  assert.match(asked[1]?.text ?? '', /not the same/);
  await prompts.needVault();
  assert.equal(asked.length, 2);
});
