import type { Database } from './driver.ts';

/** how many rows of a kind are named */
const MOST_NAMED = 5;
const RESTORE = 'stop the node and restore the last backup';

/** What to look for beside what SQLite finds itself: rows that it may hold, and nobody can use. */
const ROWS: readonly { readonly sql: string; readonly what: string; readonly todo: string }[] = [
  {
    sql: `SELECT name AS row FROM account WHERE name = '' OR instr(name, '@') OR instr(name, '/') OR instr(name, ' ')`,
    what: 'accounts whose name can be none',
    todo: RESTORE,
  },
  {
    sql: `SELECT name AS row FROM account WHERE state NOT IN ('active', 'suspended')`,
    what: 'accounts in a state that there is not',
    todo: 'suspend or activate each of them with parleyd user',
  },
  {
    sql: `SELECT name AS row FROM account WHERE CASE WHEN json_valid(keys) THEN json_type(keys) END IS NOT 'object'`,
    what: 'accounts whose keys are unreadable',
    todo: `${RESTORE}; without one, remove each of them with parleyd user remove, and add it anew`,
  },
  {
    sql: `SELECT DISTINCT account.name AS row FROM account,
          json_each(CASE WHEN json_valid(account.keys) THEN account.keys ELSE '{}' END) AS one
          WHERE one.type IS NOT 'object' OR (json_type(one.value, '$.salt') IS NOT 'text' OR json_type(one.value, '$.iterations') IS NOT 'integer'
            OR json_extract(one.value, '$.iterations') < 1
            OR json_type(one.value, '$.storedKey') IS NOT 'text' OR json_type(one.value, '$.serverKey') IS NOT 'text')`,
    what: 'accounts whose keys are incomplete',
    todo: 'give each of them a new password with parleyd user password',
  },
  {
    sql: `SELECT kind || ' of ' || CASE owner WHEN '' THEN 'the domain' ELSE owner END || ', ' || key AS row
          FROM keyed WHERE NOT json_valid(value)`,
    what: 'values that are unreadable',
    todo: RESTORE,
  },
  {
    sql: `SELECT DISTINCT kind || ' of ' || owner AS row FROM keyed
          WHERE owner <> '' AND owner NOT IN (SELECT name FROM account)`,
    what: 'values of accounts that are gone',
    todo: 'they do no harm until somebody gets that name again; remove them by adding and removing the account',
  },
  {
    sql: `SELECT kind || ' of ' || owner || ', number ' || id AS row FROM list
          WHERE length(data) = 0 OR substr(CAST(data AS TEXT), 1, 1) <> '<'`,
    what: 'messages that are none',
    todo: RESTORE,
  },
  {
    sql: `SELECT DISTINCT kind || ' of ' || owner AS row FROM list WHERE owner NOT IN (SELECT name FROM account)`,
    what: 'messages for accounts that are gone',
    todo: 'they do no harm until somebody gets that name again; remove them by adding and removing the account',
  },
];

/** What is damaged, a sentence each that says what to do; empty when all is well. */
export function findDamage(db: Database): string[] {
  try {
    return find(db);
  } catch (error) {
    return [`the file: ${error instanceof Error ? error.message : String(error)}: ${RESTORE}`];
  }
}

function find(db: Database): string[] {
  const rows = db.prepare('PRAGMA integrity_check(10)').all() as { integrity_check: string }[];
  const broken = rows.map((row) => row.integrity_check).filter((words) => words !== 'ok');
  // rows of a file that SQLite itself can't follow say nothing
  if (broken.length > 0) return broken.map((words) => `the file: ${words}: ${RESTORE}`);
  return ROWS.flatMap(({ sql, what, todo }) => {
    const found = (db.prepare(`${sql} LIMIT 1000`).all() as { row: string }[]).map(({ row }) => row);
    if (found.length === 0) return [];
    const more = found.length > MOST_NAMED ? ` and ${found.length - MOST_NAMED} more` : '';
    return [`${what} (${found.slice(0, MOST_NAMED).join('; ')}${more}): ${todo}`];
  });
}
