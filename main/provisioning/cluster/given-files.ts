import { readFile } from 'node:fs/promises';
import { ParleyError } from '../../../shared/errors.ts';
import { Secret } from '../../secrets/secret.ts';

/** A file of this computer that the operator named; null: none was. @throws ParleyError `bad-file` */
export async function text(path: string | undefined): Promise<string | null> {
  if (path === undefined) return null;
  return readFile(path, 'utf8').catch((error: Error) => {
    throw new ParleyError({
      code: 'bad-file',
      what: `${path} can't be used.`,
      why: `The system said: ${error.message}`,
      todo: 'Name a file on this computer that you may read.',
    });
  });
}

/** Its first line: a password. @throws ParleyError `bad-file` */
export async function line(path: string | undefined): Promise<Secret | null> {
  const whole = await text(path);
  return whole === null ? null : new Secret(whole.split(/\r?\n/)[0] ?? '');
}

/** The same as a file of its own. */
export async function lineFile(path: string | undefined): Promise<Secret | null> {
  const password = await line(path);
  return password === null ? null : new Secret(`${password.reveal()}\n`);
}
