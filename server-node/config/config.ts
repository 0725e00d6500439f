import { parse, stringify } from 'smol-toml';
import * as v from 'valibot';
import { ParleyError } from '../../shared/errors.ts';
import { type Config, KEYS, type KeyName, type KeyTable } from './keys.ts';

const wrong = (what: string, why: string, todo: string): ParleyError =>
  new ParleyError({ code: 'configuration', what, why, todo });

/** A nested table as dotted keys. */
function flatten(table: object, prefix = ''): Map<string, unknown> {
  const flat = new Map<string, unknown>();
  for (const [name, value] of Object.entries(table)) {
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      for (const [inner, one] of flatten(value, `${prefix}${name}.`)) flat.set(inner, one);
    } else flat.set(prefix + name, value);
  }
  return flat;
}

const sentence = (text: string): string =>
  `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.?!]$/.test(text) ? '' : '.'}`;

/** The key of ours whose letters are most alike. */
function nearest(name: string, keys: KeyTable): string {
  const pairs = (text: string) => new Set([...text].map((c, i) => c + (text[i + 1] ?? '')));
  const mine = pairs(name);
  const score = (other: string) =>
    [...pairs(other)].filter((pair) => mine.has(pair)).length / Math.max(other.length, name.length);
  return Object.keys(keys).sort((a, b) => score(b) - score(a))[0] ?? '';
}

/**
 * The configuration of given values, the rest as it is when nobody says.
 * @throws ParleyError `configuration` that names the key
 */
export const configOf = (given: ReadonlyMap<string, unknown>, where: string): Config =>
  valuesOf(given, where, KEYS) as Config;

/** The same for another table of keys. @throws ParleyError `configuration` that names the key */
export function valuesOf(given: ReadonlyMap<string, unknown>, where: string, keys: KeyTable): Record<string, unknown> {
  for (const name of given.keys()) {
    if (!Object.hasOwn(keys, name)) {
      throw wrong(
        `${where} has a key that parleyd doesn't know: ${name}.`,
        'It may be misspelt, or of another version.',
        `Did you mean ${nearest(name, keys)}?`,
      );
    }
  }
  const config: Record<string, unknown> = {};
  for (const [name, { schema, fallback, help }] of Object.entries(keys)) {
    const value = given.has(name) ? given.get(name) : fallback;
    if (value === undefined) throw wrong(`${where} does not say ${name}.`, help, `Add ${name}.`);
    const outcome = v.safeParse(schema, value);
    if (!outcome.success) {
      throw wrong(
        `${where}: ${name} can't be ${JSON.stringify(value)}.`,
        sentence(outcome.issues[0].message),
        `Correct ${name} and start again.`,
      );
    }
    config[name] = outcome.output;
  }
  return config;
}

/** The configuration that the text of a parleyd.toml is. @throws ParleyError `configuration` */
export const parseConfig = (text: string, where: string): Config => configOf(readTable(text, where), where);

/** The values that stand in a TOML text, by their dotted keys. @throws ParleyError `configuration` */
export function readTable(text: string, where: string): ReadonlyMap<string, unknown> {
  let table: object;
  try {
    table = parse(text);
  } catch (error) {
    throw wrong(
      `${where} is not TOML.`,
      error instanceof Error ? error.message : String(error),
      'Correct the line it names.',
    );
  }
  return flatten(table);
}

/** `KEY=VALUE` of a command line: numbers and true and false as such, the rest as text. @throws ParleyError */
export function parseSetting(setting: string): readonly [string, unknown] {
  const at = setting.indexOf('=');
  if (at < 1)
    throw wrong(
      `'${setting}' is no setting.`,
      'A setting is written KEY=VALUE.',
      'For example: --set listen.c2s=127.0.0.1:15222',
    );
  const text = setting.slice(at + 1);
  const value = /^-?\d+$/.test(text) ? Number(text) : /^(true|false)$/.test(text) ? text === 'true' : text;
  return [setting.slice(0, at), value];
}

/** parleyd.toml with every key explained; what is as nobody would say otherwise stands as a comment. */
export const writeConfig = (given: ReadonlyMap<string, unknown>): string =>
  writeTable(given, KEYS, 'parleyd: one domain, one node.', 'chat.example.org');

/** The same for another table of keys. `example`: the value of what has to be said, where nothing is given */
export function writeTable(
  given: ReadonlyMap<string, unknown>,
  keys: KeyTable,
  title: string,
  example: unknown,
): string {
  let section = '';
  const lines = [`# ${title} Every key, with what it is when nothing else is said.`, ''];
  for (const [name, { fallback, help }] of Object.entries(keys)) {
    const dot = name.indexOf('.');
    const table = dot < 0 ? '' : name.slice(0, dot);
    if (table !== section) lines.push(`[${table}]`);
    section = table;
    const value = given.get(name) ?? fallback ?? example;
    const line = stringify({ [name.slice(dot + 1)]: value }).trim();
    lines.push(`# ${help}`, given.has(name) || fallback === undefined ? line : `# ${line}`, '');
  }
  return `${lines.join('\n').trimEnd()}\n`;
}

/**
 * The text of a parleyd.toml with other values for some keys (undefined: as when nobody says), and everything else as it
 * is, comments too. @throws ParleyError when the file is written in a way that this can't follow
 */
export function changeConfig(text: string, changes: ReadonlyMap<KeyName, string | undefined>): string {
  const lines = text.split('\n');
  for (const [key, value] of changes) {
    const dot = key.indexOf('.');
    const [table, name] = [key.slice(0, dot), key.slice(dot + 1)];
    const start = lines.findIndex((line) => new RegExp(`^\\s*\\[\\s*${table}\\s*\\]`).test(line));
    if (start < 0 && value === undefined) continue;
    const line = value === undefined ? undefined : stringify({ [name]: value }).trim();
    if (start < 0) {
      lines.push('', `[${table}]`, line ?? '', '');
      continue;
    }
    const after = lines.findIndex((one, i) => i > start && /^\s*\[/.test(one));
    const end = after < 0 ? lines.length : after;
    const find = (shape: RegExp) => lines.findIndex((one, i) => i > start && i < end && shape.test(one));
    const said = find(new RegExp(`^\\s*${name}\\s*=`));
    const shown = find(new RegExp(`^\\s*#\\s*${name}\\s*=`));
    if (said >= 0) lines[said] = line ?? `# ${lines[said]?.trim()}`;
    else if (line !== undefined && shown >= 0) lines[shown] = line;
    else if (line !== undefined) lines.splice(start + 1, 0, line);
  }
  const changed = lines.join('\n');
  const config = parseConfig(changed, 'the changed parleyd.toml');
  const missed = [...changes].find(([key, value]) => config[key] !== (value ?? KEYS[key].fallback));
  if (missed === undefined) return changed;
  throw wrong(
    `${missed[0]} in parleyd.toml can't be changed.`,
    'It is written in a way that parleyd reads and does not write.',
    `Write it as a line of its own in the section [${missed[0].split('.')[0]}].`,
  );
}
