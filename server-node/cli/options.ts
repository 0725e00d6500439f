import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';
import { ParleyError } from '../../shared/errors.ts';
import { parseConfig } from '../config/config.ts';
import type { Config } from '../config/keys.ts';

export const usage = (what: string, todo: string): ParleyError =>
  new ParleyError({ code: 'usage', what, why: 'The command line is not what it must be.', todo });

/** Reads options strictly. @throws ParleyError `usage` */
export function readOptions<const T extends ParseArgsOptionsConfig>(
  args: readonly string[],
  options: T,
  help: string,
  allowPositionals = false,
) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals });
  } catch (error) {
    throw usage(error instanceof Error ? `${error.message.split('. ')[0]}.` : 'The options are off.', howTo(help));
  }
}

/** Where the whole help of a command is to be had. */
export const howTo = (help: string): string => `See: ${help.split(' ').slice(0, 2).join(' ')} --help`;

export function required(value: string | undefined, option: string, help: string): string {
  if (value !== undefined && value !== '') return value;
  throw usage(`${option} is missing.`, howTo(help));
}

export const CONFIG_FILE = 'parleyd.toml';

export interface NodeFolder {
  readonly folder: string;
  readonly config: Config;
  path(name: string): string;
}

/** The node that lies in a folder. @throws ParleyError `no-node`, `configuration` */
export function openFolder(data: string): NodeFolder {
  const folder = resolve(data);
  const file = join(folder, CONFIG_FILE);
  if (!existsSync(file)) {
    throw new ParleyError({
      code: 'no-node',
      what: `There is no node in ${folder}.`,
      why: `It has no ${CONFIG_FILE}.`,
      todo: `Make one: parleyd init --domain DOMAIN --data ${data}`,
    });
  }
  const config = parseConfig(readFileSync(file, 'utf8'), file);
  return { folder, config, path: (name) => resolve(folder, name) };
}
