import { checkDemo } from '../demo/check.ts';
import type { Command } from './command.ts';
import { EXIT } from './exit.ts';
import { follow } from './follow.ts';
import { COMMON_HELP, readOptions, words } from './options.ts';

export const demo: Command = {
  help: `parley demo [--check]

Runs the domain demo.localhost on this computer, with two people. No host and no root are needed.
parley domain remove demo.localhost ends it and removes all of it.

  --check   does it in a folder of its own, lets two clients chat, removes everything, and tells how it went
${COMMON_HELP}`,
  async run(args, open) {
    const { values, positionals } = readOptions(args, { check: { type: 'boolean' } });
    words(positionals);
    if (values.check)
      return checkDemo({ releasesDir: values.releases, say: (line) => process.stdout.write(`${line}\n`) });
    const session = open(values);
    const { engine, out } = session;
    const { code } = await follow(session, () => engine.call('demo.start', {}));
    if (code !== EXIT.ok) return code;
    const { connection, people } = await engine.call('demo.people', {});
    const lines = people.map(
      (it) => `  ${it.jid}  ${it.password ?? '(made before; parley user password gives a new one)'}`,
    );
    const at = `Clients connect to ${connection.address}, port ${connection.c2sPort} (STARTTLS) or ${connection.c2sTlsPort} (direct TLS).`;
    out.result({ connection, people }, [...lines, at, 'To end it: parley domain remove demo.localhost'].join('\n'));
    return EXIT.ok;
  },
};
