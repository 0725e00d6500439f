import { ParleyError } from '../../shared/errors.ts';
import { type Ask, ATTEMPTS } from './ask.ts';

/** A private key that is open; only ssh2-host.ts looks inside. */
export interface PrivateKey {
  readonly type: string;
  readonly comment: string;
}

/** One attempt, in the shape the SSH library takes. */
export type LoginMethod =
  | { readonly type: 'none'; readonly username: string }
  | { readonly type: 'agent'; readonly username: string; readonly agent: string }
  | { readonly type: 'publickey'; readonly username: string; readonly key: PrivateKey }
  | { readonly type: 'password'; readonly username: string; readonly password: string }
  | { readonly type: 'keyboard-interactive'; readonly username: string; readonly prompt: AnswerHost };

type AnswerHost = (
  name: string,
  instructions: string,
  language: string,
  prompts: readonly { readonly prompt: string; readonly echo?: boolean | undefined }[],
  finish: (answers: string[]) => void,
) => void;

/** How a user proves who they are; the order is that of the attempts. */
export type LoginWay =
  | { readonly kind: 'agent'; readonly socket: string }
  | { readonly kind: 'key'; readonly path: string; readonly key: PrivateKey }
  | { readonly kind: 'password' };

export interface Login {
  /** the next thing to try; null: nothing is left */
  next(methodsLeft: readonly string[] | null): Promise<LoginMethod | null>;
  /** the password that was tried last, which sudo may want too */
  password(): string | undefined;
  /** a ParleyError when the person declined to answer */
  declined(): ParleyError | undefined;
  /** what was tried, in words */
  tried(): string[];
}

/** Walks through the ways of one user, as the host asks for another. */
export function createLogin(
  name: string,
  user: string,
  ways: readonly LoginWay[],
  ask: Ask,
  signal: AbortSignal,
): Login {
  const tried: string[] = [];
  let at = 0;
  let attempt = 0;
  let password: string | undefined;
  let declined: ParleyError | undefined;
  let stopped = false;

  function noMore(): void {
    stopped = true;
    if (attempt === 1) declined = noAnswer(name);
  }

  async function askPassword(): Promise<string | null> {
    attempt += 1;
    const answers = await ask(
      {
        kind: 'password',
        title: `Password of ${name}`,
        text: attempt === 1 ? '' : 'The host refused the one before.',
        questions: [{ label: 'Password', echo: false }],
        attempt,
        subject: `login ${name}`,
      },
      signal,
    );
    if (answers === null) noMore();
    return answers?.[0] ?? null;
  }

  async function byPassword(left: readonly string[]): Promise<LoginMethod | null> {
    if (attempt >= ATTEMPTS) return null;
    if (left.includes('password')) {
      const answer = await askPassword();
      if (answer === null) return null;
      password = answer;
      tried.push('a password');
      return { type: 'password', username: user, password: answer };
    }
    if (!left.includes('keyboard-interactive')) return null;
    tried.push('the answers to its questions');
    attempt += 1;
    return interactive();
  }

  function interactive(): LoginMethod {
    return {
      type: 'keyboard-interactive',
      username: user,
      prompt: (_name, instructions, _language, prompts, finish) => {
        if (prompts.length === 0) return finish([]);
        const questions = prompts.map((it) => ({ label: it.prompt.trim().replace(/:$/, ''), echo: it.echo ?? false }));
        // A host that asks for the password in its own words is the common case; a one-time code is not to be kept.
        const forPassword = questions.length === 1 && /password/i.test(questions[0]?.label ?? '');
        const kept = forPassword ? { subject: `login ${name}` } : {};
        const title = `${forPassword ? 'Password of' : 'Log in as'} ${name}`;
        ask({ kind: 'questions', title, text: instructions, questions, attempt, ...kept }, signal).then(
          (answers) => {
            if (answers === null) noMore();
            if (forPassword) password = answers?.[0];
            finish([...(answers ?? questions.map(() => ''))]);
          },
          () => finish(questions.map(() => '')),
        );
      },
    };
  }

  return {
    password: () => password,
    declined: () => declined,
    tried: () => [...new Set(tried)],
    async next(methodsLeft) {
      // Nothing is asked of a person before the host has said what it would take (RFC 4252 §5.2).
      if (methodsLeft === null) return { type: 'none', username: user };
      const left = methodsLeft;
      for (; at < ways.length; at++) {
        const way = ways[at];
        if (stopped || way === undefined) return null;
        if (way.kind === 'password') return byPassword(left);
        if (!left.includes('publickey')) continue;
        at += 1;
        tried.push(way.kind === 'agent' ? 'the keys of the agent' : `the key ${way.path}`);
        return way.kind === 'agent'
          ? { type: 'agent', username: user, agent: way.socket }
          : { type: 'publickey', username: user, key: way.key };
      }
      return null;
    },
  };
}

const noAnswer = (name: string) =>
  new ParleyError({
    code: 'declined',
    what: `${name} wants a password, and none was given.`,
    why: 'No key that this computer has was accepted there.',
    todo: 'Try again and type it, or put your public key on the host; on the command line, --password-file FILE gives the password.',
  });
