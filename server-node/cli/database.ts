import { type Copies, keepFiles, settingsOf } from './kept-files.ts';

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

const COPIES: Copies = [
  ['storage.password_file', 'storage-password-file', 'storage.password'],
  ['storage.ca', 'storage-ca', 'storage-ca.pem'],
  ['storage.certificate', 'storage-certificate', 'storage-cert.pem'],
  ['storage.key', 'storage-key', 'storage-key.pem'],
];

/** The settings that lead to a database, with files where they were given: `absolute` makes them found from anywhere. */
export const databaseSettings = (
  url: string,
  options: DatabaseOptions,
  absolute: (file: string) => string,
): Map<string, string> => new Map([['storage.url', url], ...settingsOf(COPIES, options, absolute)]);

/** Copies the files into the folder, for nobody's eyes but the node's; answers with the settings that name the copies. */
export const keepDatabaseFiles = (settings: ReadonlyMap<string, string>, folder: string): Map<string, string> =>
  keepFiles(COPIES, settings, folder);
