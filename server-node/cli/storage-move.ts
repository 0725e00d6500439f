import { createHash } from 'node:crypto';
import { chmodSync, copyFileSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ParleyError } from '../../shared/errors.ts';
import { connectAdmin } from '../admin/admin-client.ts';
import { changeConfig, configOf } from '../config/config.ts';
import type { Config, KeyName } from '../config/keys.ts';
import { kindOf, MOVE_MARK, openStores, openUnmarked, placeOf } from '../storage/open.ts';
import type { StoredRow, Stores } from '../storage/stores.ts';
import { type DatabaseOptions, databaseSettings, keepDatabaseFiles } from './database.ts';
import { EXIT } from './exit.ts';
import { CONFIG_FILE, type NodeFolder, usage } from './options.ts';
import { refuseWhileServed } from './other-nodes.ts';

/** A line is said for so many rows. */
const SAY_EVERY = 10_000;

type Table = StoredRow['table'];
/** What a table holds, in short: the same in both storages when every row is the same. */
type Sums = ReadonlyMap<Table, { readonly rows: number; readonly hash: string }>;

const fault = (code: string, what: string, why: string, todo: string) => new ParleyError({ code, what, why, todo });
const say = (text: string) => process.stdout.write(`${text}\n`);

/** Moves a domain's data into another storage, and lets the node use that one. */
export async function moveStorage(node: NodeFolder, to: string, options: DatabaseOptions): Promise<number> {
  const running = await connectAdmin(node.path(node.config['admin.socket']));
  if (running !== undefined) {
    running.close();
    throw fault(
      'running',
      "The storage can't be moved now.",
      'The node runs.',
      'Stop it, and the other nodes of the domain; then try again.',
    );
  }
  await refuseWhileServed(node, "The storage can't be moved now.", 'They would go on with the old one.');
  const settings =
    to === 'sqlite' ? new Map([['storage.url', 'off']]) : databaseSettings(to, options, (file) => resolve(file));
  const target = { ...node.config, ...withSettings(node.config, settings) };
  if (kindOf(target) === kindOf(node.config))
    throw usage(
      `The node uses ${kindOf(node.config) === 'sqlite' ? 'SQLite' : 'PostgreSQL'} already.`,
      'Nothing was changed.',
    );
  const interrupted = interruptions();
  const source = await openStores(node.config, node.path);
  try {
    const stores = await openUnmarked(target, node.path, { create: true });
    try {
      await makeReady(stores, placeOf(target, node.path));
      await stores.meta.set(MOVE_MARK, 'incomplete');
      say(`Copying ${placeOf(node.config, node.path)} to ${placeOf(target, node.path)}.`);
      const sent = await copy(source, stores, interrupted);
      say('Comparing.');
      compare(sent, await sumsOf(stores, interrupted));
      for (const [table, { rows, hash }] of sent)
        if (table !== 'numbered') say(`  ${table}: ${rows} rows, SHA-256 ${hash.slice(0, 16)}, the same in both`);
      await stores.meta.set(MOVE_MARK, 'complete');
    } finally {
      await stores.close();
    }
  } finally {
    await source.close();
    interrupted.stop();
  }
  if (kindOf(target) === 'sqlite') chmodSync(node.path(target['storage.path']), 0o600);
  adopt(node, settings);
  const old =
    kindOf(node.config) === 'sqlite'
      ? setAside(node.path(node.config['storage.path']))
      : placeOf(node.config, node.path);
  say(`The node uses ${placeOf(target, node.path)} from now on.`);
  say(`The old data are in ${old}; remove them when you are sure that you don't want to go back.`);
  return EXIT.ok;
}

function withSettings(config: Config, settings: ReadonlyMap<string, string>): Partial<Config> {
  const checked = configOf(new Map<string, unknown>([['domain', config.domain], ...settings]), 'The command line');
  return Object.fromEntries([...settings.keys()].map((name) => [name, checked[name as KeyName]]));
}

/** Nobody's data are written over, but for those of a move that came to no end. */
async function makeReady(stores: Stores, place: string): Promise<void> {
  const mark = await stores.meta.get(MOVE_MARK);
  if (mark === 'incomplete' || mark === 'complete') {
    say(`${place} holds what an earlier move left there; it is removed.`);
    await stores.transfer.clear();
    return;
  }
  for await (const rows of stores.transfer.read()) {
    if (rows.some((row) => row.table !== 'numbered'))
      throw fault(
        'not-empty',
        `${place} holds data already.`,
        'Moving there would mix two domains, or two states of one.',
        'Name another database, or remove what is there when nobody needs it.',
      );
  }
}

async function copy(source: Stores, target: Stores, interrupted: Interruptions): Promise<Sums> {
  let rows = 0;
  return sums(source, async (portion) => {
    interrupted.check();
    await target.transfer.write(portion);
    if (Math.floor((rows + portion.length) / SAY_EVERY) > Math.floor(rows / SAY_EVERY))
      say(`  ${rows + portion.length} rows`);
    rows += portion.length;
  });
}

const sumsOf = (stores: Stores, interrupted: Interruptions): Promise<Sums> =>
  sums(stores, async () => interrupted.check());

async function sums(stores: Stores, each: (rows: readonly StoredRow[]) => Promise<void>): Promise<Sums> {
  const hashes = new Map(
    (['account', 'keyed', 'list', 'meta', 'numbered'] as const).map((table) => [
      table,
      { rows: 0, hash: createHash('sha256') },
    ]),
  );
  for await (const all of stores.transfer.read()) {
    const rows = all.filter((row) => row.table !== 'meta' || row.name !== MOVE_MARK);
    for (const row of rows) {
      const sum = hashes.get(row.table);
      if (sum === undefined) continue;
      sum.rows++;
      sum.hash.update(`${JSON.stringify(inOneOrder(row))}\n`);
    }
    await each(rows);
  }
  return new Map([...hashes].map(([table, { rows, hash }]) => [table, { rows, hash: hash.digest('hex') }]));
}

/** Two storages may name the properties of an account in different orders. */
const inOneOrder = (row: StoredRow): unknown =>
  Object.entries(row.table === 'account' ? row.account : row).sort(([a], [b]) => (a < b ? -1 : 1));

function compare(sent: Sums, got: Sums): void {
  for (const [table, { rows, hash }] of sent) {
    const there = got.get(table);
    if (there?.rows === rows && there.hash === hash) continue;
    throw fault(
      'not-the-same',
      'The copy is not what it was made from.',
      `Of ${table} there are ${rows} rows here and ${there?.rows ?? 0} there${there?.rows === rows ? ', and they differ' : ''}; was a node running?`,
      'Nothing was changed for the node. Stop all nodes of the domain, and try again.',
    );
  }
}

/** The node's configuration names the new storage; the former one lies beside it. */
function adopt(node: NodeFolder, settings: ReadonlyMap<string, string>): void {
  const file = join(node.folder, CONFIG_FILE);
  const kept = keepDatabaseFiles(settings, node.folder);
  const changes = new Map(
    [...kept].map(([name, value]) => [name as KeyName, value === 'off' && name === 'storage.url' ? undefined : value]),
  );
  const changed = changeConfig(readFileSync(file, 'utf8'), changes);
  copyFileSync(file, `${file}.before-move`);
  writeFileSync(`${file}.new`, changed, { mode: 0o640 });
  renameSync(`${file}.new`, file);
}

/** The file that is not used any more gets another name, so that nobody takes it for the domain. */
function setAside(path: string): string {
  let name = `${path}.moved`;
  for (let n = 2; existsSync(name); n++) name = `${path}.moved-${n}`;
  for (const end of ['', '-wal', '-shm']) if (existsSync(path + end)) renameSync(path + end, name + end);
  return name;
}

interface Interruptions {
  /** @throws ParleyError when somebody wants it to end */
  check(): void;
  stop(): void;
}

function interruptions(): Interruptions {
  let wanted = false;
  const want = () => {
    wanted = true;
  };
  process.on('SIGINT', want);
  process.on('SIGTERM', want);
  return {
    check() {
      if (wanted)
        throw fault(
          'interrupted',
          'Nothing was changed for the node.',
          'You interrupted the move; what was copied is marked as incomplete.',
          'Start the node to go on as before, or move again: it begins anew.',
        );
    },
    stop() {
      process.off('SIGINT', want);
      process.off('SIGTERM', want);
    },
  };
}
