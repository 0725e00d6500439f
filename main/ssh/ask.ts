/** What a connection may need from a person. The answer is one text a question, or null when they decline. */
export interface Question {
  readonly kind: 'password' | 'questions' | 'sudo' | 'passphrase';
  readonly title: string;
  /** what the host or the key said with it */
  readonly text: string;
  readonly questions: readonly { readonly label: string; readonly echo: boolean }[];
  /** 1 at first; more when the answer before was refused */
  readonly attempt: number;
  /** what a remembered answer is filed under; undefined: it is never remembered */
  readonly subject?: string;
}

export type Ask = (question: Question, signal?: AbortSignal) => Promise<readonly string[] | null>;

/** How often an answer may be wrong before the attempt is given up, as in OpenSSH. */
export const ATTEMPTS = 3;
