import { chmodSync, copyFileSync } from 'node:fs';
import { join } from 'node:path';

/** How PostgreSQL is given on a command line. A password is never: other users see what stands there. */
export const DATABASE_OPTIONS = {
  'storage-password-file': { type: 'string' },
  'storage-ca': { type: 'string' },
  'storage-certificate': { type: 'string' },
  'storage-key': { type: 'string' },
} as const;

export const databaseHelp = `  --storage-password-file FILE   its first line is the password for PostgreSQL
  --storage-ca FILE              who may sign PostgreSQL's certificate, PEM; or public, or off
  --storage-certificate FILE     the certificate that PostgreSQL wants of this node, PEM
  --storage-key FILE             its private key, PEM
The files are copied into the node's folder.
`;

export type DatabaseOptions = { readonly [K in keyof typeof DATABASE_OPTIONS]?: string | undefined };

/** Where a node's copies are: key, option, name in the folder. */
const COPIES = [
  ['storage.password_file', 'storage-password-file', 'storage.password'],
  ['storage.ca', 'storage-ca', 'storage-ca.pem'],
  ['storage.certificate', 'storage-certificate', 'storage-cert.pem'],
  ['storage.key', 'storage-key', 'storage-key.pem'],
] as const;

/** The settings that lead to a database, with files where they were given: `absolute` makes them found from anywhere. */
export function databaseSettings(
  url: string,
  options: DatabaseOptions,
  absolute: (file: string) => string,
): Map<string, string> {
  const settings = new Map([['storage.url', url]]);
  for (const [key, option] of COPIES) {
    const given = options[option];
    if (given !== undefined) settings.set(key, given === 'off' || given === 'public' ? given : absolute(given));
  }
  return settings;
}

/** Copies the files into the folder, for nobody's eyes but the node's; answers with the settings that name the copies. */
export function keepDatabaseFiles(settings: ReadonlyMap<string, string>, folder: string): Map<string, string> {
  const kept = new Map(settings);
  for (const [key, , name] of COPIES) {
    const file = settings.get(key);
    if (file === undefined || file === 'off' || file === 'public') continue;
    if (file !== join(folder, name)) copyFileSync(file, join(folder, name));
    chmodSync(join(folder, name), 0o600);
    kept.set(key, name);
  }
  return kept;
}
