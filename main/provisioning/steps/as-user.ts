import { type Command, sh } from '../../ssh/shell.ts';
import type { Work } from '../step.ts';

/** parleyd with these words, run as the account the domain has: what it writes is its own. */
export function parleyd(work: Work, binary: string, words: readonly string[]): Command {
  const { user, data } = work.layout;
  return user === null ? sh`${binary} ${words}` : sh`cd ${data} && runuser -u ${user} -- ${binary} ${words}`;
}
