// npm run dialogues [-- FOLDER|WORDS ...] [--against parleyd|prosody|ejabberd] [--server HOST:PORT --domain D --accounts FILE.csv]
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { accountsFor, allDialogues, awaited, isAwaited, nameOf, playAll } from './library.ts';
import { type Host, remote, startEjabberd, startParleyd, startProsody } from './servers.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    against: { type: 'string', default: 'parleyd' },
    server: { type: 'string' },
    domain: { type: 'string' },
    accounts: { type: 'string' },
    all: { type: 'boolean', default: false },
    jobs: { type: 'string', default: '12' },
    json: { type: 'string' },
    brief: { type: 'boolean', default: false },
  },
});

const starters: Record<string, (accounts: number) => Promise<Host>> = {
  parleyd: startParleyd,
  prosody: startProsody,
  ejabberd: startEjabberd,
};

const chosen = allDialogues().filter(
  (dialogue) => positionals.length === 0 || positionals.some((words) => nameOf(dialogue).includes(words)),
);
const list = values.all || values.server !== undefined || values.against !== 'parleyd' ? [] : awaited();
const dialogues = chosen.filter((dialogue) => !isAwaited(dialogue, list));
const start = starters[values.against];
if (start === undefined) throw new Error(`--against knows ${Object.keys(starters).join(', ')}`);
const host =
  values.server === undefined
    ? await start(accountsFor(dialogues))
    : remote(values.server, values.domain ?? '', values.accounts ?? '');
const started = Date.now();
try {
  const results = await playAll(
    dialogues,
    host.stage,
    ({ failure }) => failure !== undefined && !values.brief && console.log(`${failure}\n`),
    Number(values.jobs),
  );
  const failed = results.filter(({ failure }) => failure !== undefined);
  if (values.brief) for (const { dialogue } of failed) console.log(nameOf(dialogue));
  if (values.json !== undefined) {
    const told = results.map(({ dialogue, failure }) => ({ name: nameOf(dialogue), clause: dialogue.clause, failure }));
    writeFileSync(values.json, JSON.stringify({ server: host.name, results: told }, null, 1));
  }
  const skipped = chosen.length - dialogues.length;
  console.log(
    `${host.name}: ${results.length - failed.length} as written, ${failed.length} not, ${skipped} awaited and skipped, ` +
      `${((Date.now() - started) / 1000).toFixed(1)} s.`,
  );
  process.exitCode = failed.length === 0 && results.length > 0 ? 0 : 1;
} finally {
  await host.stop();
}
