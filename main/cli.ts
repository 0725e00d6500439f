import { mkdirSync } from 'node:fs';
import { faultOf } from '../shared/errors.ts';
import { answerPrompts } from './cli/answers.ts';
import { cluster } from './cli/cluster.ts';
import type { Command, OpenValues, Session } from './cli/command.ts';
import { demo } from './cli/demo.ts';
import { domain } from './cli/domain.ts';
import { EXIT, exitCodeOf } from './cli/exit.ts';
import { host } from './cli/host.ts';
import { COMMON_HELP } from './cli/options.ts';
import { createOut, faultWords } from './cli/print.ts';
import { provision } from './cli/provision.ts';
import { sessions } from './cli/sessions.ts';
import { undo } from './cli/undo.ts';
import { user } from './cli/user.ts';
import { vault } from './cli/vault.ts';
import { defaultDataDir, defaultReleasesDir, defaultSshHome } from './engine/paths.ts';
import { createEngine, type Engine } from './engine.ts';
import { VERSION } from './version.ts';

const COMMANDS: Readonly<Record<string, Command>> = {
  host,
  provision,
  undo,
  domain,
  cluster,
  user,
  sessions,
  vault,
  demo,
};

const HELP = `parley: XMPP domains on your hosts, from the command line.

  parley host add|list|trust|facts|remove      the hosts Parley may work on
  parley provision DOMAIN --host HOST          install a domain, after showing what that takes
  parley undo DOMAIN                           take back what provisioning did
  parley domain list|show|remove|forget        the domains of the fleet
  parley cluster show|add-node|drain|undrain|remove-node DOMAIN   the nodes of a domain that runs on several hosts
  parley user add|list|password|suspend|activate|remove NAME@DOMAIN
  parley sessions DOMAIN [--watch]             who is connected
  parley vault create|show                     a locked file for the passwords that Parley may remember
  parley demo                                  a domain on this computer, with two people
  parley version

parley COMMAND --help says more.
${COMMON_HELP}`;

let engine: Engine | undefined;
let interrupt: (() => void) | undefined;

function open(values: OpenValues): Session {
  const dataDir = values.data ?? defaultDataDir();
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const releasesDir = values.releases ?? defaultReleasesDir();
  engine = createEngine({ dataDir, releasesDir, version: VERSION, ssh: defaultSshHome(), watch: false });
  answerPrompts(engine, values);
  return {
    engine,
    out: createOut(values.json ?? false),
    onInterrupt: (stop) => {
      interrupt = stop;
    },
  };
}

async function main(args: readonly string[]): Promise<number> {
  const [name, ...rest] = args;
  if (name === 'version' || name === '--version') {
    process.stdout.write(`parley ${VERSION}\n`);
    return EXIT.ok;
  }
  const command = name === undefined ? undefined : COMMANDS[name];
  if (command === undefined) {
    const asked = name === '--help' || name === '-h' || name === 'help';
    (asked ? process.stdout : process.stderr).write(
      asked || name === undefined ? HELP : `There is no command '${name}'.\n\n${HELP}`,
    );
    return asked ? EXIT.ok : EXIT.usage;
  }
  if (rest.includes('--help') || rest.includes('-h')) {
    process.stdout.write(command.help);
    return EXIT.ok;
  }
  return command.run(rest, open);
}

// The first Ctrl-C ends what runs in good order; the second ends the program.
process.on('SIGINT', () => {
  const stop = interrupt;
  interrupt = undefined;
  if (stop !== undefined) return stop();
  process.stderr.write('Cancelled.\n');
  process.exit(EXIT.cancelled);
});

let code: number;
try {
  code = await main(process.argv.slice(2));
} catch (error) {
  const fault = faultOf(error);
  if (process.argv.includes('--json')) process.stdout.write(`${JSON.stringify({ fault })}\n`);
  else process.stderr.write(`${faultWords(fault)}\n`);
  if (fault.code === 'bug' && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  code = exitCodeOf(fault);
}
await engine?.close();
process.exit(code);
