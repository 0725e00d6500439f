import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ParleyError } from '../../shared/errors.ts';
import { configOf, parseSetting, writeConfig } from '../config/config.ts';
import { kindOf, openStores } from '../storage/open.ts';
import { Identity } from '../transport/certificate.ts';
import type { Command } from './command.ts';
import { DATABASE_OPTIONS, databaseHelp, databaseSettings, keepDatabaseFiles } from './database.ts';
import { EXIT } from './exit.ts';
import { keepNatsFiles, NATS_OPTIONS, natsHelp, natsSettings } from './nats-options.ts';
import { CONFIG_FILE, readOptions, required, usage } from './options.ts';
import { selfSigned } from './self-signed.ts';

const help = `parleyd init --domain D --data DIR [--set KEY=VALUE ...] [--cert FILE --key FILE]

Makes a node in DIR: parleyd.toml with every key explained, the database, and a certificate.
Without --cert the node gets a certificate of its own making; its fingerprint is printed.

  --domain D        the domain: what stands behind the @
  --data DIR        the node's folder; made when it is not there
  --set KEY=VALUE   any key of parleyd.toml, for example --set listen.c2s=127.0.0.1:15222
  --cert, --key     a certificate with its chain, and its private key, PEM; both are copied
  --storage URL     keep everything in PostgreSQL instead of a file: postgres://user@host:5432/database. The domain's
                    other nodes may share it; who comes first makes the tables
${natsHelp}${databaseHelp}`;

export const init: Command = {
  help,
  async run(args) {
    const { values } = readOptions(
      args,
      {
        domain: { type: 'string' },
        data: { type: 'string' },
        set: { type: 'string', multiple: true },
        cert: { type: 'string' },
        key: { type: 'string' },
        storage: { type: 'string' },
        ...DATABASE_OPTIONS,
        ...NATS_OPTIONS,
      },
      help,
    );
    const domain = required(values.domain, '--domain', help);
    const folder = resolve(required(values.data, '--data', help));
    if ((values.cert === undefined) !== (values.key === undefined))
      throw usage('--cert and --key go together.', 'Give both or none.');
    const database =
      values.storage === undefined
        ? new Map<string, string>()
        : databaseSettings(values.storage, values, (file) => resolve(file));
    const nats = natsSettings(values, values.storage, (file) => resolve(file));
    const given = new Map<string, unknown>([
      ['domain', domain],
      ...(values.set ?? []).map(parseSetting),
      ...database,
      ...nats,
    ]);
    const config = configOf(given, 'The command line');
    const file = join(folder, CONFIG_FILE);
    if (existsSync(file)) {
      throw new ParleyError({
        code: 'exists',
        what: `There is a node in ${folder} already.`,
        why: `It has a ${CONFIG_FILE}.`,
        todo: 'Change that file, or choose another folder.',
      });
    }
    // first: a database that can't be had leaves nothing behind
    if (kindOf(config) === 'postgres')
      await (await openStores(config, (name) => resolve(folder, name), { create: true })).close();
    mkdirSync(folder, { recursive: true, mode: 0o750 });
    for (const [name, value] of [...keepDatabaseFiles(database, folder), ...keepNatsFiles(nats, folder)])
      given.set(name, value);
    const [certificate, key] = [resolve(folder, config['tls.certificate']), resolve(folder, config['tls.key'])];
    await placeCertificate(config.domain, certificate, key, values.cert, values.key);
    if (kindOf(config) === 'sqlite') {
      await (await openStores(config, (name) => resolve(folder, name), { create: true })).close();
      chmodSync(resolve(folder, config['storage.path']), 0o600);
    }
    writeFileSync(file, writeConfig(given), { mode: 0o640 }); // last: a folder that has it is whole
    const { fingerprint, selfSigned: own } = new Identity(certificate, key).info;
    process.stdout.write(
      `${config.domain} is ready in ${folder}.\nCertificate: ${certificate} (${own ? 'self-signed' : 'given'})\nSHA-256 ${fingerprint}\n` +
        `Next: parleyd user add NAME --data ${folder}, then parleyd run --data ${folder}\n`,
    );
    return EXIT.ok;
  },
};

async function placeCertificate(
  domain: string,
  certificate: string,
  key: string,
  givenCert?: string,
  givenKey?: string,
): Promise<void> {
  const given = givenCert === undefined || givenKey === undefined ? undefined : readPair(givenCert, givenKey);
  const { certificate: pem, key: secret } = given ?? (await selfSigned(domain));
  for (const file of [certificate, key]) if (existsSync(file)) renameSync(file, `${file}.before-init`); // nothing is lost
  writeFileSync(key, secret, { mode: 0o600 });
  writeFileSync(certificate, pem, { mode: 0o644 });
}

/** A certificate and its key, if they fit together. @throws ParleyError `certificate` */
function readPair(certificate: string, key: string): { readonly certificate: string; readonly key: string } {
  try {
    new Identity(certificate, key);
    return { certificate: readFileSync(certificate, 'utf8'), key: readFileSync(key, 'utf8') };
  } catch (error) {
    throw new ParleyError({
      code: 'certificate',
      what: "The given certificate can't be used.",
      why: error instanceof Error ? error.message : String(error),
      todo: 'Give a PEM file with the certificate and its chain, and the private key that belongs to it.',
    });
  }
}
