import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { External } from '../router/externals.ts';
import type { Router } from '../router/router.ts';
import type { ComponentCore } from '../stream/component-stream.ts';

/** Domains and their secrets, as the configuration writes them: `irc.example.org=secret`. */
export function componentSecrets(list: readonly string[]): ReadonlyMap<string, string> {
  return new Map(
    list.map((entry) => [entry.slice(0, entry.indexOf('=')).toLowerCase(), entry.slice(entry.indexOf('=') + 1)]),
  );
}

/** What components connect to: their secrets, and the router. */
export const componentCore = (secrets: ReadonlyMap<string, string>, router: Router): ComponentCore<External> => ({
  freshId: () => randomBytes(12).toString('hex'),
  knows: (domain) => secrets.has(domain),
  proves(domain, id, handshake) {
    const secret = secrets.get(domain);
    if (secret === undefined) return false;
    const expected = createHash('sha1')
      .update(id + secret)
      .digest('hex'); // XEP-0114 §3
    const shown = Buffer.from(handshake.toLowerCase());
    return shown.length === expected.length && timingSafeEqual(shown, Buffer.from(expected));
  },
  attach(domain, outlet) {
    const external = { domain, ...outlet };
    return router.externals.add(external) ? external : undefined;
  },
  receive: (external, tag, raw) => router.receiveFrom(external, tag, raw),
  detach: (external) => router.externals.remove(external),
});
