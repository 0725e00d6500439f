const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const one = (count: number, unit: string) => `${count} ${unit}`;

/** How long something took or goes on: `40 s`, `4 min`, `3 h`, `12 days`. */
export function span(ms: number): string {
  const abs = Math.max(0, ms);
  if (abs < MINUTE) return one(Math.floor(abs / SECOND), 's');
  if (abs < HOUR) return one(Math.floor(abs / MINUTE), 'min');
  if (abs < 2 * DAY) return one(Math.floor(abs / HOUR), 'h');
  return one(Math.floor(abs / DAY), 'days');
}

/** `4 min ago`; `just now` within five seconds, which is as exact as two clocks are. */
export const ago = (at: number, now: number): string => (now - at < 5 * SECOND ? 'just now' : `${span(now - at)} ago`);

/** The full time in the operator's zone. */
export const fullTime = (at: number): string =>
  new Date(at).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'long' });

export const clock = (at: number): string =>
  new Date(at).toLocaleTimeString(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit', hour12: false });

export const day = (at: number): string => new Date(at).toLocaleDateString(undefined, { dateStyle: 'medium' });

/** Decimal units, as disks and links are sold. */
export function bytes(count: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = count;
  let at = 0;
  while (value >= 1000 && at < units.length - 1) {
    value /= 1000;
    at++;
  }
  return `${at === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[at]}`;
}

export const number = (count: number): string => count.toLocaleString('en-GB').replaceAll(',', '\u202f');

/** `12.4 s` below a minute, then `3 min 5 s`. */
export function seconds(count: number): string {
  if (count < 0.1) return 'under 0.1 s';
  if (count < 10) return `${count.toFixed(1)} s`;
  if (count < 60) return `${Math.round(count)} s`;
  return `${Math.floor(count / 60)} min ${Math.round(count % 60)} s`;
}

/** Groups of four, for reading aloud and comparing by eye. `SHA256:` in front of an SSH key's stays by itself. */
export function groupsOfFour(fingerprint: string): string[] {
  const [, prefix, rest = ''] = /^([A-Z0-9]+:)?(.*)$/.exec(fingerprint) ?? [];
  const groups = rest.match(/.{1,4}/g) ?? [];
  return prefix === undefined ? groups : [prefix, ...groups];
}

export type Likeness = 'same' | 'other' | 'nothing';

/** Whether what was pasted is this fingerprint, however it is written: with a prefix, colons, spaces, or a whole line of ssh-keygen. */
export function compare(pasted: string, fingerprint: string): Likeness {
  const text = pasted.trim();
  if (text === '') return 'nothing';
  const bare = (it: string) => it.replace(/^SHA256:/, '').replace(/=+$/, '');
  const hex = /^[0-9a-f]{64}$/.test(fingerprint);
  const squeezed = text.replace(/[\s:]/g, '');
  if (hex) return squeezed.toLowerCase().replace(/^sha256(fingerprint)?=?/, '') === fingerprint ? 'same' : 'other';
  if (squeezed.replace(/^SHA256/, '').replace(/=+$/, '') === bare(fingerprint)) return 'same';
  return text.split(/\s+/).some((word) => bare(word) === bare(fingerprint)) ? 'same' : 'other';
}

export const plural = (count: number, noun: string, many = `${noun}s`): string =>
  `${number(count)} ${count === 1 ? noun : many}`;
