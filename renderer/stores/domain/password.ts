// No letters and digits that look alike: it is read aloud on the phone.
const ALPHABET = 'abcdefghjkmnpqrstuvwxyz23456789';
const GROUPS = 4;
const LENGTH = 4;

/** A password of 79 bits, in groups of four. `random` fills bytes, as crypto.getRandomValues does. */
export function newPassword(random: (bytes: Uint8Array<ArrayBuffer>) => void): string {
  const limit = 256 - (256 % ALPHABET.length);
  const letters: string[] = [];
  const bytes = new Uint8Array(64);
  while (letters.length < GROUPS * LENGTH) {
    random(bytes);
    // bytes beyond a multiple of the alphabet are drawn again, so that no letter is likelier
    for (const byte of bytes) if (byte < limit) letters.push(ALPHABET[byte % ALPHABET.length] ?? '');
  }
  const text = letters.slice(0, GROUPS * LENGTH).join('');
  return text.match(/.{4}/g)?.join('-') ?? text;
}

/** Why a text can't be a person's name here; undefined when it may be: parleyd has the last word (RFC 7622 §3.3). */
export function nameProblem(text: string): string | undefined {
  if (text === '') return 'Type the name in front of the @, such as anna.';
  if (text.includes('@')) return `Only what stands in front of the @: ${text.slice(0, text.indexOf('@')) || 'anna'}.`;
  if (/\s/.test(text)) return 'Leave out spaces; a dot or a hyphen does instead.';
  if (/["&'/:<>]/.test(text)) return `${/["&'/:<>]/.exec(text)?.[0]} can't be part of a name.`;
  return undefined;
}
