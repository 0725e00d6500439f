// npm run dialogues: see ../README.md for the words it takes.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Dialogue } from './format.ts';
import { accountsFor, allDialogues, awaited, folder, isAwaited, nameOf, playAll } from './library.ts';
import { keptReasons, type Run, report } from './report.ts';
import { type Host, remote, startCluster, startEjabberd, startParleyd, startProsody } from './servers.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    against: { type: 'string', default: 'parleyd' },
    server: { type: 'string' },
    domain: { type: 'string' },
    accounts: { type: 'string' },
    all: { type: 'boolean', default: false },
    jobs: { type: 'string', default: '12' },
    brief: { type: 'boolean', default: false },
    report: { type: 'boolean', default: false },
  },
});

const starters: Record<string, (accounts: number) => Promise<Host>> = {
  parleyd: startParleyd,
  cluster: startCluster,
  prosody: startProsody,
  ejabberd: startEjabberd,
};

async function playOn(dialogues: readonly Dialogue[], open: () => Promise<Host>, quiet: boolean): Promise<Run> {
  const host = await open();
  const started = Date.now();
  try {
    const tell = ({ failure }: { failure: string | undefined }) =>
      failure !== undefined && !quiet && console.log(`${failure}\n`);
    const results = await playAll(dialogues, host.stage, tell, Number(values.jobs));
    const failed = results.filter(({ failure }) => failure !== undefined);
    if (values.brief) for (const { dialogue, saw } of failed) console.log(`${nameOf(dialogue)}: ${saw}`);
    const seconds = ((Date.now() - started) / 1000).toFixed(1);
    console.log(`${host.name}: ${results.length - failed.length} as written, ${failed.length} not, ${seconds} s.`);
    return { server: host.name, results };
  } finally {
    await host.stop();
  }
}

const starter = (name: string, dialogues: readonly Dialogue[]) => (): Promise<Host> => {
  const start = starters[name];
  if (start === undefined) throw new Error(`--against knows ${Object.keys(starters).join(', ')}`);
  return start(accountsFor(dialogues));
};

const all = allDialogues();
const list = awaited();
if (values.report) {
  const runs: Run[] = [];
  for (const name of Object.keys(starters)) {
    const dialogues = ['parleyd', 'cluster'].includes(name)
      ? all.filter((dialogue) => !isAwaited(dialogue, list))
      : all;
    runs.push(await playOn(dialogues, starter(name, dialogues), true));
  }
  const file = join(folder, '..', '..', 'docs', 'dialogues.md');
  writeFileSync(file, report(all, runs, new Date().toISOString().slice(0, 10), keptReasons()));
} else {
  const chosen = all.filter(
    (dialogue) => positionals.length === 0 || positionals.some((words) => nameOf(dialogue).includes(words)),
  );
  const own = values.server === undefined && ['parleyd', 'cluster'].includes(values.against);
  const dialogues = chosen.filter((dialogue) => !own || values.all || !isAwaited(dialogue, list));
  if (dialogues.length === 0) throw new Error('no dialogue is called so, or all of them are awaited');
  const { server, domain = '', accounts = '' } = values;
  const open =
    server === undefined
      ? starter(values.against, dialogues)
      : async () => remote(server, domain, accounts, accountsFor(dialogues));
  const { results } = await playOn(dialogues, open, values.brief);
  if (chosen.length > dialogues.length)
    console.log(`${chosen.length - dialogues.length} are awaited and were skipped: e2e/dialogues/awaited.txt`);
  process.exitCode = results.some(({ failure }) => failure !== undefined) ? 1 : 0;
}
