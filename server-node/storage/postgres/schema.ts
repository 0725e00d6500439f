import type { Migration } from '../migrations.ts';

/**
 * Nodes of neighbouring versions work on one database side by side, so a change takes two releases: the first expands
 * (adds what is new; the release fills both and reads the old), the next contracts (takes away what no release that may
 * still run reads). `oldestReader`: the version that a parleyd must know at least to work on the schema after this step:
 * a step that expands leaves it as it was, one that contracts raises it to the step that expanded.
 * Functions are never replaced, as older nodes call them: a new one has a new name.
 */
export interface PostgresMigration extends Migration {
  readonly oldestReader: number;
}

export const POSTGRES_MIGRATIONS: readonly PostgresMigration[] = [
  {
    number: 1,
    oldestReader: 1,
    what: 'accounts, keyed values, lists, secrets and leases',
    // COLLATE "C": names are in the order of their bytes, whatever the language of the database. JSON, not JSONB: it keeps every character
    sql: `
      CREATE TABLE account (
        name TEXT COLLATE "C" PRIMARY KEY, state TEXT NOT NULL, created_at BIGINT NOT NULL, last_seen_at BIGINT,
        keys JSON NOT NULL
      ) WITH (fillfactor = 80);
      CREATE TABLE keyed (
        owner TEXT COLLATE "C" NOT NULL, kind TEXT COLLATE "C" NOT NULL, key TEXT COLLATE "C" NOT NULL,
        value JSON NOT NULL, PRIMARY KEY (owner, kind, key)
      );
      CREATE SEQUENCE list_id; -- it caches nothing: a node that takes numbers ahead would break the order
      CREATE TABLE list (
        owner TEXT COLLATE "C" NOT NULL, kind TEXT COLLATE "C" NOT NULL, id BIGINT NOT NULL DEFAULT nextval('list_id'),
        at BIGINT NOT NULL, data BYTEA NOT NULL, PRIMARY KEY (owner, kind, id)
      );
      CREATE TABLE meta (name TEXT COLLATE "C" PRIMARY KEY, value TEXT NOT NULL);
      CREATE TABLE lease (
        node TEXT COLLATE "C" PRIMARY KEY, run TEXT COLLATE "C" NOT NULL UNIQUE, renewals BIGINT NOT NULL,
        state TEXT NOT NULL, info JSON NOT NULL, ended_at TIMESTAMPTZ
      ) WITH (fillfactor = 20);

      -- Appends entries, as many as there is room for. Numbers are drawn before the commit, so another node's smaller
      -- number could come to light after a larger one, and whoever removes up to the larger would remove what nobody
      -- read. Hence one writer an owner at a time, by locks that fall at the commit and are taken in order. Every
      -- statement of the function sees what was committed before it: the count is of what is there under the lock.
      CREATE FUNCTION list_append_1(kinds TEXT[], owners TEXT[], ats BIGINT[], datas BYTEA[], mosts INT[])
      RETURNS TABLE (ord BIGINT, id BIGINT) LANGUAGE plpgsql VOLATILE AS $$
      DECLARE n BIGINT;
      BEGIN
        PERFORM pg_advisory_xact_lock(hashtext(current_schema()), bucket)
        FROM (SELECT DISTINCT hashtext(o) & 1023 AS bucket FROM unnest(owners) AS o ORDER BY 1) AS buckets;
        FOR i IN 1 .. cardinality(owners) LOOP
          SELECT count(*) INTO n FROM list AS l WHERE l.owner = owners[i] AND l.kind = kinds[i];
          CONTINUE WHEN n >= mosts[i];
          INSERT INTO list AS l (owner, kind, at, data) VALUES (owners[i], kinds[i], ats[i], datas[i]) RETURNING l.id INTO id;
          ord := i;
          RETURN NEXT;
        END LOOP;
      END $$;
    `,
  },
  {
    number: 2,
    oldestReader: 1,
    what: 'what runs of nodes left that are over',
    sql: `
      CREATE TABLE estate (run TEXT COLLATE "C" PRIMARY KEY, ended_at TIMESTAMPTZ NOT NULL DEFAULT now());
      INSERT INTO estate (run) SELECT run FROM lease WHERE state <> 'live';
    `,
  },
];
