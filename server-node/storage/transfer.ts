import type { StoredRow } from './stores.ts';

/** How many rows are read at a time. Entries may be long. */
export const ROWS_AT_ONCE = 500;

/** Portions by key: `page` gives those after the last of the one before. */
export async function* portions<Row>(
  page: (last: Row | undefined) => Promise<readonly Row[]> | readonly Row[],
): AsyncIterable<readonly Row[]> {
  for (let last: Row | undefined; ; ) {
    const rows = await page(last);
    if (rows.length > 0) yield rows;
    if (rows.length < ROWS_AT_ONCE) return;
    last = rows.at(-1);
  }
}

/** The rows of one table among others. */
export const rowsOf = <T extends StoredRow['table']>(rows: readonly StoredRow[], table: T) =>
  rows.filter((row): row is Extract<StoredRow, { table: T }> => row.table === table);
