import { ParleyError } from '../../shared/errors.ts';
import type { Command } from './command.ts';
import { EXIT } from './exit.ts';
import { follow } from './follow.ts';
import { COMMON_HELP, readOptions, words } from './options.ts';

export const undo: Command = {
  help: `parley undo DOMAIN | RUN

Takes back what a run changed on its host, the last step first; with a domain, all of its runs that can be undone.
What was there before stays. A domain whose people have accounts is not undone: parley domain remove does that.
${COMMON_HELP}`,
  async run(args, open) {
    const { values, positionals } = readOptions(args, {});
    const [what = ''] = words(positionals, 'DOMAIN or RUN');
    const session = open(values);
    const { runs } = await session.engine.call('provisioning.runs', {});
    const mine = runs.filter((run) => run.canUndo && (run.runId === what || run.domain === what));
    if (mine.length === 0) throw nothing(what);
    for (const { runId } of mine) {
      const { code } = await follow(session, () => session.engine.call('provisioning.undo', { runId }));
      if (code !== EXIT.ok) return code;
    }
    return EXIT.ok;
  },
};

const nothing = (what: string) =>
  new ParleyError({
    code: 'nothing-to-undo',
    what: `There is nothing to undo for '${what}'.`,
    why: 'No run of that name or domain has changed anything that is still there.',
    todo: 'parley domain list shows the domains; parley domain remove takes one off its host.',
  });
