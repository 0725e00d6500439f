import type { Element } from '../xml/element.ts';
import type { Submission } from '../xmpp/data-form.ts';
import type { Jid } from '../xmpp/jid.ts';
import type { Session } from './session.ts';

/** Where a command has got to (XEP-0050 §2.4). */
export type CommandStep =
  /** a form to be filled in; `last`: submitting it completes the command */
  | {
      readonly kind: 'form';
      readonly form: Element;
      readonly last: boolean;
      submit(submission: Submission): CommandStep | Promise<CommandStep>;
    }
  | { readonly kind: 'done'; readonly form?: Element; readonly note?: string };

export interface CommandRequest {
  readonly from: Jid;
  readonly session: Session | undefined;
  /** Does something once the answer has been sent. */
  after(work: () => unknown): void;
}

/** What can be run on the domain, step by step (XEP-0050). Modules contribute them. */
export interface Command {
  readonly node: string;
  readonly name: string;
  allows(from: Jid): boolean;
  execute(request: CommandRequest): CommandStep | Promise<CommandStep>;
}
