import { DatabaseSync } from 'node:sqlite';

/** The part of node:sqlite that we use; it is the same in both runtimes (docs/adr/0001-runtime.md). */
export interface Statement {
  get(...values: SqlValue[]): unknown;
  all(...values: SqlValue[]): unknown[];
  run(...values: SqlValue[]): { readonly changes: number | bigint; readonly lastInsertRowid: number | bigint };
}

export type SqlValue = string | number | bigint | null | Uint8Array;

export interface Database {
  prepare(sql: string): Statement;
  exec(sql: string): void;
  close(): void;
}

/** Opens a database file, and makes it when there is none. Another process may hold it for five seconds. */
export const openDatabase = (path: string): Database => new DatabaseSync(path, { timeout: 5000 });
