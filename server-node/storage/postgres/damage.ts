import type { Long } from './long.ts';

/** how many rows of a kind are named */
const MOST_NAMED = 5;
const RESTORE = 'restore the last backup';

/** What to look for: rows that the database may hold, and nobody can use; as in SQLite, but for what it has no way to hold. */
const ROWS: readonly { readonly sql: string; readonly what: string; readonly todo: string }[] = [
  {
    sql: `SELECT name AS row FROM account WHERE name = '' OR name ~ '[@/ ]'`,
    what: 'accounts whose name can be none',
    todo: RESTORE,
  },
  {
    sql: `SELECT name AS row FROM account WHERE state NOT IN ('active', 'suspended')`,
    what: 'accounts in a state that there is not',
    todo: 'suspend or activate each of them with parleyd user',
  },
  {
    sql: `SELECT name AS row FROM account WHERE json_typeof(keys) <> 'object'`,
    what: 'accounts whose keys are unreadable',
    todo: `${RESTORE}; without one, remove each of them with parleyd user remove, and add it anew`,
  },
  {
    sql: `SELECT DISTINCT a.name AS row FROM account AS a,
          json_each(CASE WHEN json_typeof(a.keys) = 'object' THEN a.keys ELSE '{}' END) AS one
          WHERE (json_typeof(one.value -> 'salt') = 'string' AND json_typeof(one.value -> 'storedKey') = 'string'
            AND json_typeof(one.value -> 'serverKey') = 'string' AND json_typeof(one.value -> 'iterations') = 'number'
            AND (one.value ->> 'iterations')::numeric >= 1) IS NOT TRUE`,
    what: 'accounts whose keys are incomplete',
    todo: 'give each of them a new password with parleyd user password',
  },
  {
    sql: `SELECT DISTINCT kind || ' of ' || owner AS row FROM keyed
          WHERE owner <> '' AND kind NOT IN ('session', 'unacknowledged') AND NOT EXISTS (SELECT FROM account WHERE name = owner)`,
    what: 'values of accounts that are gone',
    todo: 'they do no harm until somebody gets that name again; remove them by adding and removing the account',
  },
  {
    sql: `SELECT kind || ' of ' || owner || ', number ' || id AS row FROM list
          WHERE length(data) = 0 OR get_byte(data, 0) <> 60`,
    what: 'messages that are none',
    todo: RESTORE,
  },
  {
    sql: `SELECT DISTINCT kind || ' of ' || owner AS row FROM list WHERE NOT EXISTS (SELECT FROM account WHERE name = owner)`,
    what: 'messages for accounts that are gone',
    todo: 'they do no harm until somebody gets that name again; remove them by adding and removing the account',
  },
];

/** What is damaged, a sentence each that says what to do; empty when all is well. @throws StorageError */
export async function findDamage(long: Long): Promise<string[]> {
  const damage: string[] = [];
  for (const { sql, what, todo } of ROWS) {
    const found = (await long.rows<{ row: string }>(`${sql} LIMIT 1000`)).map(({ row }) => row);
    if (found.length === 0) continue;
    const more = found.length > MOST_NAMED ? ` and ${found.length - MOST_NAMED} more` : '';
    damage.push(`${what} (${found.slice(0, MOST_NAMED).join('; ')}${more}): ${todo}`);
  }
  return damage;
}
