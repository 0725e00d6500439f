import { randomBytes } from 'node:crypto';
import type { Prompt } from '../../shared/console-api/secrets.ts';
import { ParleyError } from '../../shared/errors.ts';
import { Secret } from '../secrets/secret.ts';
import type { SecretStore } from '../secrets/secret-store.ts';
import { type Ask, ATTEMPTS, type Question } from '../ssh/ask.ts';
import { cancelled } from '../ssh/host.ts';

interface Answer {
  readonly answers: readonly string[] | null;
  readonly remember: boolean;
}

export interface PromptEvents {
  asked(prompt: Prompt): void;
  settled(promptId: string): void;
}

/** A vault that would have the answer, if it were open. */
export interface VaultDoor {
  closed(): boolean;
  /** there is none yet, and nothing else that keeps secrets */
  missing(): boolean;
  /** @throws ParleyError `vault-exists` */
  create(passphrase: Secret): Promise<void>;
  /** @throws ParleyError `wrong-passphrase` */
  open(passphrase: Secret): Promise<void>;
}

export type Prompts = ReturnType<typeof createPrompts>;

/** What is asked of the operator, from when it is asked until it is answered. */
export function createPrompts(events: PromptEvents, door: VaultDoor) {
  let vaultDeclined = false;
  const waiting = new Map<string, { prompt: Prompt; settle: (answer: Answer) => void }>();

  function put(prompt: Prompt, signal: AbortSignal | undefined): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const finish = () => {
        waiting.delete(prompt.promptId);
        signal?.removeEventListener('abort', stop);
        events.settled(prompt.promptId);
      };
      const stop = () => {
        finish();
        reject(cancelled());
      };
      const settle = (answer: Answer) => {
        finish();
        resolve(answer);
      };
      waiting.set(prompt.promptId, { prompt, settle });
      signal?.addEventListener('abort', stop, { once: true });
      events.asked(prompt);
    });
  }

  /** Asks for the vault's passphrase before a password that may be in it; once declined, not again in this sitting. */
  async function openVault(signal: AbortSignal | undefined): Promise<void> {
    for (let attempt = 1; door.closed() && !vaultDeclined && attempt <= ATTEMPTS; attempt++) {
      const { answers } = await put(vaultPrompt(attempt), signal);
      if (answers?.[0] === undefined) vaultDeclined = true;
      else await door.open(new Secret(answers[0])).catch(() => undefined);
    }
  }

  /** Asks for a new vault's passphrase, twice; declined, there is none. */
  async function makeVault(signal: AbortSignal | undefined): Promise<void> {
    for (let attempt = 1; door.missing() && attempt <= ATTEMPTS; attempt++) {
      const { answers } = await put(newVaultPrompt(attempt), signal);
      if (answers === null) return;
      if (answers[0] !== undefined && answers[0] !== '' && answers[0] === answers[1])
        await door.create(new Secret(answers[0]));
    }
  }

  return {
    /** Opens the vault for what is kept nowhere else; where there is none, the operator may make one. */
    async needVault(signal?: AbortSignal): Promise<void> {
      vaultDeclined = false;
      await makeVault(signal);
      await openVault(signal);
    },

    list: (): Prompt[] => [...waiting.values()].map(({ prompt }) => prompt),

    /** @throws ParleyError `no-prompt` */
    answer(promptId: string, answers: readonly string[] | null, remember: boolean): void {
      const found = waiting.get(promptId);
      if (found === undefined) throw noPrompt();
      found.settle({ answers, remember });
    },

    /** Asks in the name of one host; what was remembered is tried first, and forgotten when it is refused. */
    askFor:
      (hostId: string, secrets: SecretStore): Ask =>
      async (question, signal) => {
        const { subject, attempt } = question;
        if (subject !== undefined && attempt === 1) {
          await openVault(signal);
          const saved = await secrets.get(subject);
          if (saved !== undefined) return [saved.reveal()];
        }
        if (subject !== undefined && attempt === 2) await secrets.remove(subject);
        const { answers, remember } = await put(promptOf(question, hostId, secrets), signal);
        const first = answers?.[0];
        if (remember && subject !== undefined && first !== undefined) await secrets.set(subject, new Secret(first));
        return answers;
      },
  };
}

const promptOf = (
  { kind, title, text, questions, subject }: Question,
  hostId: string,
  secrets: SecretStore,
): Prompt => ({
  ...{ promptId: randomBytes(8).toString('hex'), hostId, kind, title, text },
  questions: questions.map((it) => ({ ...it })),
  canRemember: subject !== undefined && secrets.kind !== 'none' && !secrets.locked(),
});

const vaultPrompt = (attempt: number): Prompt => ({
  ...{ promptId: randomBytes(8).toString('hex'), hostId: null, kind: 'vault', canRemember: false },
  title: 'Passphrase of the vault',
  text: attempt === 1 ? 'It holds the passwords that you let Parley remember.' : 'The one before did not open it.',
  questions: [{ label: 'Passphrase', echo: false }],
});

const newVaultPrompt = (attempt: number): Prompt => ({
  ...{ promptId: randomBytes(8).toString('hex'), hostId: null, kind: 'vault', canRemember: false },
  title: 'A vault for the passwords between the hosts',
  text:
    attempt === 1
      ? 'Parley makes an authority and passwords for PostgreSQL and NATS, and keeps them in one file on this computer.\nChoose the passphrase that locks it. Without it nobody can open it.'
      : 'The two were not the same, or empty.',
  questions: [
    { label: 'New passphrase', echo: false },
    { label: 'Once more', echo: false },
  ],
});

const noPrompt = () =>
  new ParleyError({
    code: 'no-prompt',
    what: 'That question is no longer asked.',
    why: 'It was answered already, or what asked it has ended.',
    todo: 'Nothing needs to be done.',
  });
