import * as v from 'valibot';
import { method } from '../rpc.ts';
import { none } from './app.ts';

export const SecretsState = v.object({
  store: v.picklist(['keychain', 'vault', 'none']),
  /** a vault that is locked, or no vault yet */
  locked: v.boolean(),
});
export type SecretsState = v.InferOutput<typeof SecretsState>;

/** Something only the operator knows is needed now. What asked waits until it is answered. */
export const Prompt = v.object({
  promptId: v.string(),
  hostId: v.nullable(v.string()),
  kind: v.picklist(['password', 'questions', 'sudo', 'passphrase', 'vault']),
  /** such as `Password of root@192.0.2.7` */
  title: v.string(),
  /** what the host or the key said with it, shown as it is; may be empty */
  text: v.string(),
  questions: v.array(v.object({ label: v.string(), echo: v.boolean() })),
  canRemember: v.boolean(),
});
export type Prompt = v.InferOutput<typeof Prompt>;

const passphrase = v.pipe(v.string(), v.nonEmpty('the passphrase is empty'));

export const secretMethods = {
  'secrets.state': method(none, SecretsState),
  /** makes the vault file; fault `vault-exists` */
  'secrets.create': method(v.strictObject({ passphrase }), SecretsState),
  /** fault `wrong-passphrase` */
  'secrets.unlock': method(v.strictObject({ passphrase }), SecretsState),
  'secrets.lock': method(none, SecretsState),
  /** the prompts that wait now, for a window that was opened in between */
  'prompts.list': method(none, v.object({ prompts: v.array(Prompt) })),
  /** one answer a question; null: the operator declines, and what asked fails with `declined` */
  'prompts.answer': method(
    v.strictObject({
      promptId: v.string(),
      answers: v.nullable(v.array(v.string())),
      remember: v.optional(v.boolean(), false),
    }),
    v.object({}),
  ),
};

export const secretEvents = {
  'prompts.asked': Prompt,
  /** answered, declined, or no longer needed */
  'prompts.settled': v.object({ promptId: v.string() }),
  'secrets.changed': SecretsState,
};
