import { chmodSync, copyFileSync } from 'node:fs';
import { join } from 'node:path';

/** Files given on the command line, of which the node keeps copies: key, option, name in its folder. */
export type Copies = readonly (readonly [key: string, option: string, name: string])[];

// These stand where a file might, and are none.
const NO_FILE: readonly unknown[] = [undefined, 'off', 'public'];

/** The settings that name the files where they were given: `absolute` makes them found from anywhere. */
export function settingsOf(
  copies: Copies,
  options: Readonly<Record<string, unknown>>,
  absolute: (file: string) => string,
): Map<string, string> {
  const settings = new Map<string, string>();
  for (const [key, option] of copies) {
    const given = options[option];
    if (typeof given === 'string') settings.set(key, NO_FILE.includes(given) ? given : absolute(given));
  }
  return settings;
}

/** Copies the files into the folder, for nobody's eyes but the node's; answers with the settings that name the copies. */
export function keepFiles<V>(
  copies: Copies,
  settings: ReadonlyMap<string, V>,
  folder: string,
): Map<string, V | string> {
  const kept = new Map<string, V | string>(settings);
  for (const [key, , name] of copies) {
    const file = settings.get(key);
    if (typeof file !== 'string' || NO_FILE.includes(file)) continue;
    if (file !== join(folder, name)) copyFileSync(file, join(folder, name));
    chmodSync(join(folder, name), 0o600);
    kept.set(key, name);
  }
  return kept;
}
