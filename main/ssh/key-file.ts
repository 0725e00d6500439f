import { readFile } from 'node:fs/promises';
import { ParleyError } from '../../shared/errors.ts';
import { type Ask, ATTEMPTS } from './ask.ts';
import type { PrivateKey } from './login.ts';
import { parseKey } from './ssh2-host.ts';

/**
 * A private key from its file; asks for the passphrase when it has one.
 * @throws ParleyError `no-key-file`, `bad-key-file`, `declined`
 */
export async function readKeyFile(path: string, ask: Ask, signal?: AbortSignal): Promise<PrivateKey> {
  const text = await readFile(path).catch((error: Error) => {
    throw new ParleyError({
      code: 'no-key-file',
      what: `The key ${path} can't be read.`,
      why: `The system said: ${error.message}`,
      todo: 'Name a private key that you may read, such as ~/.ssh/id_ed25519.',
    });
  });
  const open = parse(text, path, undefined);
  return open ?? (await withPassphrase(path, text, ask, signal));
}

/** The key, or null when it needs a passphrase or this one is wrong. */
function parse(text: Buffer, path: string, passphrase: string | undefined): PrivateKey | null {
  const parsed = parseKey(text, passphrase);
  if (!(parsed instanceof Error)) return parsed;
  const needsPassphrase = /encrypted|passphrase|integrity|bad decrypt/i.test(parsed.message);
  if (needsPassphrase) return null;
  throw badKey(path, parsed.message);
}

async function withPassphrase(path: string, text: Buffer, ask: Ask, signal?: AbortSignal): Promise<PrivateKey> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const answers = await ask(
      {
        kind: 'passphrase',
        title: `Passphrase of ${path}`,
        text: attempt === 1 ? '' : 'The one before did not open it.',
        questions: [{ label: 'Passphrase', echo: false }],
        attempt,
        subject: `key ${path}`,
      },
      signal,
    );
    const key = answers === null ? null : parse(text, path, answers[0]);
    if (key !== null) return key;
    if (answers === null) break;
  }
  throw new ParleyError({
    code: 'declined',
    what: `The key ${path} stays locked.`,
    why: 'It has a passphrase, and the right one was not given.',
    todo: 'Try again with its passphrase, or add it to your SSH agent: ssh-add.',
  });
}

const badKey = (path: string, why: string) =>
  new ParleyError({
    code: 'bad-key-file',
    what: `${path} is no private key that Parley can use.`,
    why,
    todo: 'Name a private key in OpenSSH, PEM or PuTTY form.',
  });
