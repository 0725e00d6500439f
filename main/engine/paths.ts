import { homedir } from 'node:os';
import { join } from 'node:path';
import type { SshHome } from '../hosts/ways.ts';

/** Where Parley keeps what it knows, by the custom of each system. */
export function defaultDataDir(
  env: NodeJS.ProcessEnv = process.env,
  platform: NodeJS.Platform = process.platform,
): string {
  const home = homedir();
  if (platform === 'win32') return join(env['APPDATA'] ?? join(home, 'AppData', 'Roaming'), 'Parley');
  if (platform === 'darwin') return join(home, 'Library', 'Application Support', 'Parley');
  return join(env['XDG_DATA_HOME'] || join(home, '.local', 'share'), 'parley');
}

/** Beside the packaged app, or what `npm run build:node` has made. */
export function defaultReleasesDir(): string {
  const resources = (process as { resourcesPath?: string }).resourcesPath;
  return resources === undefined ? join(import.meta.dirname, '..', '..', 'dist', 'node') : join(resources, 'node');
}

export const defaultSshHome = (env: NodeJS.ProcessEnv = process.env): SshHome => ({
  folder: join(homedir(), '.ssh'),
  agent: env['SSH_AUTH_SOCK'] || undefined,
});
