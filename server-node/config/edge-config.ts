import { readTable, valuesOf, writeTable } from './config.ts';
import { EDGE_KEYS, type EdgeConfig } from './edge-keys.ts';

/** The configuration of given values, the rest as it is when nobody says. @throws ParleyError `configuration` */
export const edgeConfigOf = (given: ReadonlyMap<string, unknown>, where: string): EdgeConfig =>
  valuesOf(given, where, EDGE_KEYS) as EdgeConfig;

/** The configuration that the text of an edge.toml is. @throws ParleyError `configuration` */
export const parseEdgeConfig = (text: string, where: string): EdgeConfig => edgeConfigOf(readTable(text, where), where);

/** edge.toml with every key explained. */
export const writeEdgeConfig = (given: ReadonlyMap<string, unknown>): string =>
  writeTable(given, EDGE_KEYS, 'parleyd edge: the connections of one domain or several.', [
    'example.org=/var/lib/parleyd/edge.sock',
  ]);

/** What is written as name=value, by its name in the order of the list. */
export function byName(list: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const map = new Map<string, string[]>();
  for (const entry of list) {
    const name = entry.slice(0, entry.indexOf('=')).toLowerCase();
    map.set(name, [...(map.get(name) ?? []), entry.slice(entry.indexOf('=') + 1)]);
  }
  return map;
}
