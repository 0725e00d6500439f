import type { Command, CommandStep } from '../../router/commands.ts';
import type { IqRequest, Module, ModuleContext } from '../../router/module.ts';
import { type Child, type Element, el } from '../../xml/element.ts';
import { Submission } from '../../xmpp/data-form.ts';
import { StanzaError } from '../../xmpp/errors.ts';
import { NS } from '../../xmpp/namespaces.ts';
import { type Run, Runs } from './runs.ts';

/** Runs what modules offer as commands on the domain, form by form. */
export const commands: Module = {
  name: 'Ad-hoc commands',
  specification: 'XEP-0050',
  version: '1.3.0',
  features: [NS.commands],
  accountFeatures: [NS.commands],
  setup(ctx) {
    const runs = new Runs(() => ctx.now());
    const identity = (type: string, name: string) =>
      el('identity', NS.discoInfo, { category: 'automation', type, name });
    const feature = (name: string) => el('feature', NS.discoInfo, { var: name });
    // some clients look for commands at their own account
    for (const [scope, at] of [
      ['server', 'server'],
      ['account', 'own'],
    ] as const) {
      ctx.iq({
        type: 'set',
        ns: NS.commands,
        scope: at,
        secret: true, // forms may hold passwords
        handle: (request) => handle(ctx, runs, request),
      });
      const mayAsk = ({ self, stanza }: IqRequest) => scope === 'server' || stanza.from.bare.equals(self);
      // §2.2
      ctx.disco.addNode({
        scope,
        owns: (node) => node === NS.commands,
        info: () => [identity('command-list', 'Commands'), feature(NS.commands)],
        items: (request) =>
          ctx.commands
            .filter((command) => mayAsk(request) && command.allows(request.stanza.from))
            .map(({ node, name }) => el('item', NS.discoItems, { jid: request.self.toString(), node, name })),
      });
      ctx.disco.addNode({
        scope,
        owns: (node) => ctx.commands.some((command) => command.node === node),
        info: (request, node) => {
          const command = find(ctx, node);
          if (!mayAsk(request) || !command.allows(request.stanza.from)) throw new StanzaError('forbidden');
          return [identity('command-node', command.name), feature(NS.commands), feature(NS.dataForms)];
        },
      });
    }
    ctx.on('session-closed', 'observe', ({ session }) => runs.endAllBy(session.jid.wire));
  },
};

function find(ctx: ModuleContext, node: string): Command {
  const command = ctx.commands.find((one) => one.node === node);
  if (command === undefined) throw new StanzaError('item-not-found');
  return command;
}

/** §4.4: a refusal with the command's own condition. */
const refuse = (specific: string, condition: 'bad-request' | 'not-allowed' = 'bad-request') =>
  new StanzaError(condition, undefined, { condition: el(specific, NS.commands) });

async function handle(ctx: ModuleContext, runs: Runs, request: IqRequest): Promise<readonly Child[]> {
  const { payload, stanza, session, after } = request;
  const { node = '', action = 'execute', sessionid } = payload.attributes;
  if (payload.name !== 'command') throw new StanzaError('bad-request');
  if (!['execute', 'next', 'prev', 'complete', 'cancel'].includes(action)) throw refuse('malformed-action');
  const command = find(ctx, node);
  if (!command.allows(stanza.from)) throw new StanzaError('forbidden');
  if (sessionid === undefined) {
    if (action !== 'execute') throw refuse('bad-action');
    const step = await command.execute({ from: stanza.from, session, after });
    if (step.kind === 'done') return [done(command, undefined, step)];
    return [waiting(runs.begin(stanza.from.wire, command, step))];
  }
  const run = runs.find(sessionid);
  if (run === undefined)
    throw runs.existed(sessionid) ? refuse('session-expired', 'not-allowed') : refuse('bad-sessionid');
  if (run.by !== stanza.from.wire || run.command !== command) throw refuse('bad-sessionid');
  run.touchedAt = ctx.now();
  return [await proceed(runs, run, action, payload)];
}

/** §3.4: goes on, back, or leaves it. What is refused can be tried again. */
async function proceed(runs: Runs, run: Run, action: string, payload: Element): Promise<Element> {
  if (action === 'cancel') {
    runs.end(run);
    return el('command', NS.commands, { node: run.command.node, sessionid: run.id, status: 'canceled' });
  }
  const current = run.steps.at(-1);
  if (current === undefined) throw refuse('bad-action');
  if (action === 'prev') {
    if (run.steps.length < 2) throw refuse('bad-action');
    run.steps.pop();
    return waiting(run);
  }
  // `next` on the last form is taken for what it means: some clients know no other way on
  if (action === 'complete' && !current.last) throw refuse('bad-action');
  const submission = Submission.in(payload);
  if (submission === undefined) throw refuse('bad-payload');
  const step = await current.submit(submission);
  if (step.kind === 'done') {
    runs.end(run);
    return done(run.command, run.id, step);
  }
  run.steps.push(step);
  return waiting(run);
}

/** §3.4: the form, and what may be done with it. */
function waiting(run: Run): Element {
  const step = run.steps.at(-1);
  const forward = step?.last === true ? 'complete' : 'next';
  const actions = [...(run.steps.length > 1 ? ['prev'] : []), forward].map((name) => el(name, NS.commands));
  return el(
    'command',
    NS.commands,
    { node: run.command.node, sessionid: run.id, status: 'executing' },
    el('actions', NS.commands, { execute: forward }, ...actions),
    ...(step === undefined ? [] : [step.form]),
  );
}

function done(command: Command, sessionid: string | undefined, step: Extract<CommandStep, { kind: 'done' }>): Element {
  const { form, note } = step;
  return el(
    'command',
    NS.commands,
    { node: command.node, ...(sessionid === undefined ? {} : { sessionid }), status: 'completed' },
    ...(note === undefined ? [] : [el('note', NS.commands, { type: 'info' }, note)]),
    ...(form === undefined ? [] : [form]),
  );
}
