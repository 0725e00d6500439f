import type { Config } from '../config/keys.ts';
import { type PostgresOptions, readUrl, schemaOf } from './postgres/connection.ts';
import { openPostgresStores } from './postgres/postgres-stores.ts';
import { openSqliteStores } from './sqlite/sqlite-stores.ts';
import { StorageError, type Stores } from './stores.ts';

/** What of the configuration says where a node's storage is; `path` finds its files. */
export type StorageConfig = Pick<Config, Extract<keyof Config, `storage.${string}`> | 'domain'>;
export type FindPath = (name: string) => string;

/**
 * The mark of a storage that another is being moved to. `incomplete`: it is no domain yet; `complete`: all is there, and
 * no node has used it yet; empty: it is in use.
 */
export const MOVE_MARK = 'storage-move';

/** Opens the storage that the configuration names. @throws StorageError */
export async function openStores(
  config: StorageConfig,
  path: FindPath,
  options: { readonly create?: boolean; readonly onLost?: (error: Error) => void } = {},
): Promise<Stores> {
  const stores = await openUnmarked(config, path, options);
  try {
    const mark = await stores.meta.get(MOVE_MARK);
    if (mark === 'incomplete')
      throw new StorageError(
        `${placeOf(config, path)} holds a part of a domain: moving it there was interrupted. Move it again (parleyd storage move), or go on with where it was`,
        false,
      );
    if (mark === 'complete') await stores.meta.set(MOVE_MARK, '');
    return stores;
  } catch (error) {
    await stores.close();
    throw error;
  }
}

/** The same, also when it is a part of a domain that is being moved. */
export async function openUnmarked(
  config: StorageConfig,
  path: FindPath,
  options: { readonly create?: boolean; readonly onLost?: (error: Error) => void } = {},
): Promise<Stores> {
  const postgres = postgresOf(config, path);
  return postgres === undefined
    ? openSqliteStores(path(config['storage.path']), options)
    : openPostgresStores(postgres, options);
}

/** How the domain's PostgreSQL is reached; undefined with SQLite. */
export function postgresOf(config: StorageConfig, path: FindPath): PostgresOptions | undefined {
  if (config['storage.url'] === 'off') return undefined;
  const file = (name: string) => (name === 'off' ? undefined : path(name));
  const ca = config['storage.ca'];
  return {
    url: config['storage.url'],
    domain: config.domain,
    passwordFile: file(config['storage.password_file']),
    ca: ca === 'off' || ca === 'public' ? ca : path(ca),
    clientCert: file(config['storage.certificate']),
    clientKey: file(config['storage.key']),
    pool: config['storage.pool'],
  };
}

export const kindOf = (config: StorageConfig): 'sqlite' | 'postgres' =>
  config['storage.url'] === 'off' ? 'sqlite' : 'postgres';

/** Where the storage is, for people. */
export function placeOf(config: StorageConfig, path: FindPath): string {
  if (kindOf(config) === 'sqlite') return path(config['storage.path']);
  const { host, port, database } = readUrl(config['storage.url']);
  return `PostgreSQL at ${host}${host.startsWith('/') ? '' : `:${port}`}, database ${database}, schema ${schemaOf(config.domain)}`;
}
