// SQLite with WAL and synchronous=FULL: node:sqlite and bun:sqlite, the same work.
// run: node sqlite.mjs DIR     and     bun sqlite.mjs DIR      (DIR on the disk to be measured; leaves nothing behind)
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const dir = process.argv[2] ?? '.';
const say = (...facts) => console.log(process.versions.bun ? 'bun ' : 'node', ...facts);
const anon = () =>
  Math.round(Number(/^Anonymous:\s+(\d+)/m.exec(readFileSync('/proc/self/smaps_rollup', 'latin1'))[1]) / 102.4) / 10;
const drivers = {};
try {
  drivers['node:sqlite'] = (await import('node:sqlite')).DatabaseSync;
} catch (e) {
  say('node:sqlite', e.code ?? e.message);
}
if (process.versions.bun) drivers['bun:sqlite'] = (await import('bun:sqlite')).Database;

for (const [name, Database] of Object.entries(drivers)) {
  const path = join(dir, `probe-${process.pid}.db`);
  const before = anon();
  const db = name === 'bun:sqlite' ? new Database(path, { create: true, strict: true }) : new Database(path);
  const one = (sql) => db.prepare(sql).get();
  say(name, 'version', one('select sqlite_version() v').v, JSON.stringify(one('PRAGMA journal_mode=WAL')));
  db.exec(
    'PRAGMA synchronous=FULL; CREATE TABLE t (id INTEGER PRIMARY KEY, room TEXT, at INTEGER, body TEXT, raw BLOB); CREATE INDEX i ON t (room, at)',
  );
  const insert = db.prepare('INSERT INTO t (room, at, body, raw) VALUES ($room, $at, $body, $raw)');
  const named = (n) => ({ room: `room${n % 50}`, at: n, body: 'x'.repeat(200), raw: null });
  let at = 0;
  const batches = (ms) => {
    const from = performance.now();
    let n = 0;
    while (performance.now() - from < ms) {
      db.exec('BEGIN IMMEDIATE');
      for (let k = 0; k < 100; k++, n++) insert.run(named(at++));
      db.exec('COMMIT');
    }
    return Math.round((n / (performance.now() - from)) * 1000);
  };
  batches(300);
  say(name, 'inserts/s, 100 a transaction, FULL', batches(2000));
  const single = performance.now();
  let singles = 0;
  while (performance.now() - single < 1000) {
    insert.run(named(at++));
    singles++;
  }
  say(name, 'inserts/s, one a transaction, FULL', singles);
  const get = db.prepare('SELECT * FROM t WHERE id = ?');
  const gets = (ms) => {
    const from = performance.now();
    let n = 0;
    while (performance.now() - from < ms) for (let k = 0; k < 100; k++, n++) get.get(1 + ((n * 7919) % at));
    return Math.round((n / (performance.now() - from)) * 1000);
  };
  gets(300);
  say(name, 'one-row selects/s', gets(1000));
  const page = db.prepare('SELECT * FROM t WHERE room = ? AND at > ? ORDER BY at LIMIT 50');
  {
    const from = performance.now();
    let n = 0;
    while (performance.now() - from < 1000) {
      page.all(`room${n % 50}`, 1000);
      n++;
    }
    say(name, 'pages of 50 rows/s', n);
  }
  say(name, 'anonymous memory MiB', before, '->', anon());
  // The differences a wrapper has to know.
  const raw = db.prepare('SELECT ? AS b');
  for (const [what, value] of [
    ['Buffer', Buffer.from([1, 2])],
    ['Uint8Array', new Uint8Array([3])],
    ['empty blob', new Uint8Array(0)],
    ['null', null],
    ['undefined', undefined],
    ['boolean', true],
    ['bigint', 5n],
    ['2**53+1 as bigint', 2n ** 53n + 1n],
    ['lone surrogate', '\ud800'],
    ['NUL inside', 'a\0b'],
  ]) {
    try {
      const b = raw.get(value)?.b;
      say(
        name,
        what,
        '->',
        b === null
          ? 'null'
          : `${b?.constructor?.name} ${Buffer.isBuffer(b) ? 'Buffer ' : ''}${typeof b === 'string' ? JSON.stringify(b) : String(b)}`,
      );
    } catch (e) {
      say(name, what, 'throws', e.code ?? '', e.message);
    }
  }
  const shape = db.prepare('SELECT id FROM t WHERE id = ?');
  say(
    name,
    'no row ->',
    String(shape.get(-1)),
    '; row prototype',
    Object.getPrototypeOf(shape.get(1)) === null ? 'null' : 'Object',
  );
  const run = insert.run(named(at++));
  say(name, 'run ->', JSON.stringify(run));
  try {
    insert.run({ $room: 'r', $at: 1, $body: 'b', $raw: new Uint8Array([1]) });
    say(name, 'names with $ accepted');
  } catch (e) {
    say(name, 'names with $:', e.message);
  }
  try {
    db.prepare('INSERT INTO t (id) VALUES (1)').run();
  } catch (e) {
    say(
      name,
      'constraint error:',
      e.constructor.name,
      JSON.stringify({ code: e.code, errcode: e.errcode, errno: e.errno, errstr: e.errstr, message: e.message }),
    );
  }
  say(
    name,
    'members',
    [
      'exec',
      'run',
      'query',
      'transaction',
      'prepare',
      'function',
      'backup',
      'serialize',
      'setAuthorizer',
      'isTransaction',
      'inTransaction',
      'createSession',
      'fileControl',
    ]
      .filter((m) => m in db)
      .join(' '),
  );
  say(
    name,
    'statement members',
    [
      'get',
      'all',
      'run',
      'iterate',
      'values',
      'raw',
      'as',
      'setReturnArrays',
      'setReadBigInts',
      'safeIntegers',
      'finalize',
      'columns',
    ]
      .filter((m) => m in insert)
      .join(' '),
  );
  db.close();
  for (const end of ['', '-wal', '-shm']) rmSync(path + end, { force: true });
}
