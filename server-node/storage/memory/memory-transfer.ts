import type { Account, Entry, StoredRow, Transfer } from '../stores.ts';

/** What a memory storage consists of. */
export interface Contents {
  readonly accounts: Map<string, Account>;
  /** kind, owner, key: a JSON text */
  readonly kinds: Map<string, Map<string, Map<string, string>>>;
  /** kind, owner */
  readonly lists: Map<string, Map<string, Entry[]>>;
  readonly meta: Map<string, string>;
  last: number;
}

export class MemoryTransfer implements Transfer {
  readonly #contents: Contents;

  constructor(contents: Contents) {
    this.#contents = contents;
  }

  async *read(): AsyncIterable<readonly StoredRow[]> {
    const { accounts, kinds, lists, meta, last } = this.#contents;
    yield inOrder([...accounts.values()], ({ name }) => [name]).map((account) => ({ table: 'account', account }));
    const keyed = [...kinds].flatMap(([kind, owners]) =>
      [...owners].flatMap(([owner, keys]) =>
        [...keys].map(([key, text]) => ({
          table: 'keyed' as const,
          owner,
          kind,
          key,
          value: JSON.parse(text) as unknown,
        })),
      ),
    );
    yield inOrder(keyed, ({ owner, kind, key }) => [owner, kind, key]);
    const entries = [...lists].flatMap(([kind, owners]) =>
      [...owners].flatMap(([owner, all]) => all.map((entry) => ({ table: 'list' as const, owner, kind, ...entry }))),
    );
    yield inOrder(entries, ({ owner, kind, id }) => [owner, kind, String(id).padStart(16, '0')]);
    yield inOrder([...meta], ([name]) => [name]).map(([name, value]) => ({ table: 'meta', name, value }));
    yield [{ table: 'numbered', last }];
  }

  async write(rows: readonly StoredRow[]): Promise<void> {
    const { accounts, kinds, lists, meta } = this.#contents;
    for (const row of rows) {
      if (row.table === 'account') accounts.set(row.account.name, row.account);
      else if (row.table === 'meta') meta.set(row.name, row.value);
      else if (row.table === 'numbered') this.#contents.last = row.last;
      else if (row.table === 'keyed')
        made(
          made(kinds, row.kind, () => new Map<string, Map<string, string>>()),
          row.owner,
          () => new Map(),
        ).set(row.key, JSON.stringify(row.value));
      else {
        const { id, at, data } = row;
        made(
          made(lists, row.kind, () => new Map<string, Entry[]>()),
          row.owner,
          (): Entry[] => [],
        ).push({ id, at, data });
      }
    }
  }

  async clear(): Promise<void> {
    const { accounts, kinds, lists, meta } = this.#contents;
    accounts.clear();
    meta.clear();
    for (const owners of [...kinds.values(), ...lists.values()]) owners.clear();
    this.#contents.last = 0;
  }
}

/** The value of a key, made when it is not there. */
export function made<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) map.set(key, (value = make()));
  return value;
}

/** Sorted by the bytes of keys, part by part. */
function inOrder<T>(rows: readonly T[], keyOf: (row: T) => readonly string[]): T[] {
  const bytes = rows.map((row) => ({ row, key: keyOf(row).map((part) => Buffer.from(part)) }));
  const compare = (a: readonly Buffer[], b: readonly Buffer[]) =>
    a.map((part, i) => Buffer.compare(part, b[i] ?? Buffer.alloc(0))).find((order) => order !== 0) ?? 0;
  return bytes.sort((a, b) => compare(a.key, b.key)).map(({ row }) => row);
}
