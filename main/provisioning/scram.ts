import { createHash, createHmac, pbkdf2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import type { Secret } from '../secrets/secret.ts';

/** A login by SCRAM-SHA-256 (RFC 5802 §3, RFC 7677) without channel binding: what to say, and whether the server knows the password too. */
export function startScram(name: string) {
  const nonce = randomBytes(18).toString('base64');
  const bare = `n=${name},r=${nonce}`;
  let expected = Buffer.alloc(0);
  return {
    first: `n,,${bare}`,

    /** @throws Error in words */
    async answer(challenge: string, password: Secret): Promise<string> {
      const { r = '', s = '', i = '' } = Object.fromEntries(challenge.split(',').map((it) => [it[0], it.slice(2)]));
      if (!r.startsWith(nonce)) throw new Error('It did not repeat the nonce that it was sent.');
      const salted = await promisify(pbkdf2)(password.reveal(), Buffer.from(s, 'base64'), Number(i), 32, 'sha256');
      const clientKey = hmac(salted, 'Client Key');
      const message = `${bare},${challenge},c=biws,r=${r}`;
      const signature = hmac(createHash('sha256').update(clientKey).digest(), message);
      const proof = Buffer.from(clientKey.map((byte, at) => byte ^ (signature[at] ?? 0))).toString('base64');
      expected = hmac(hmac(salted, 'Server Key'), message);
      return `c=biws,r=${r},p=${proof}`;
    },

    /** `v=...`, the server's last word. */
    proves(last: string): boolean {
      const given = Buffer.from(last.replace(/^v=/, ''), 'base64');
      return expected.length > 0 && given.length === expected.length && timingSafeEqual(given, expected);
    },
  };
}

const hmac = (key: Buffer, text: string) => createHmac('sha256', key).update(text).digest();
