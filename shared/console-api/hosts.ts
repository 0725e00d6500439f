import * as v from 'valibot';
import { Timestamp } from '../domain/node.ts';
import { method } from '../rpc.ts';
import { none } from './app.ts';

export const HostId = v.pipe(v.string(), v.nonEmpty('say which host'));
const Port = v.pipe(
  v.number(),
  v.integer(),
  v.minValue(1, 'ports begin at 1'),
  v.maxValue(65535, 'ports end at 65535'),
);

/** How to log in. `auto` tries the agent, then the usual keys in ~/.ssh, then asks for the password. */
export const HostAuth = v.variant('kind', [
  v.strictObject({ kind: v.literal('auto') }),
  v.strictObject({ kind: v.literal('agent') }),
  v.strictObject({ kind: v.literal('key'), path: v.pipe(v.string(), v.nonEmpty('say which key file')) }),
  v.strictObject({ kind: v.literal('password') }),
]);
export type HostAuth = v.InferOutput<typeof HostAuth>;

export const HostAddress = v.object({ user: v.string(), address: v.string(), port: Port });
export type HostAddress = v.InferOutput<typeof HostAddress>;

export const Host = v.object({
  id: HostId,
  /** `local` is this computer: no SSH, no root */
  kind: v.picklist(['ssh', 'local']),
  ...HostAddress.entries,
  auth: HostAuth,
  addedAt: Timestamp,
  /** null: never reached */
  lastSeenAt: v.nullable(Timestamp),
  /** null: no key confirmed yet, so nothing is sent to this host */
  trustedFingerprint: v.nullable(v.string()),
  /** such as `Debian GNU/Linux 12 (bookworm), x64`; null: not looked at yet */
  system: v.nullable(v.string()),
});
export type Host = v.InferOutput<typeof Host>;

export const HostKey = v.object({
  hostId: HostId,
  algorithm: v.string(),
  /** as OpenSSH prints it: `SHA256:` and 43 characters */
  fingerprint: v.string(),
  randomart: v.string(),
  verdict: v.picklist(['new', 'trusted', 'changed']),
  /** the key confirmed before, when there is one */
  trusted: v.nullable(v.object({ fingerprint: v.string(), since: Timestamp })),
  /** what this user's ~/.ssh/known_hosts says about the offered key; a hint, never a decision */
  knownHosts: v.picklist(['same', 'different', 'silent']),
});
export type HostKey = v.InferOutput<typeof HostKey>;

export const Finding = v.object({
  code: v.string(),
  what: v.string(),
  why: v.string(),
  todo: v.string(),
  /** true: provisioning would fail, so it doesn't start */
  stops: v.boolean(),
});
export type Finding = v.InferOutput<typeof Finding>;

export const FactsSummary = v.object({
  system: v.string(),
  architecture: v.string(),
  /** null where there is none, as with musl */
  glibc: v.nullable(v.string()),
  init: v.string(),
  memoryBytes: v.number(),
  freeBytes: v.object({ root: v.number(), data: v.number() }),
  /** how root's rights are had */
  rights: v.picklist(['root', 'sudo', 'sudo-password', 'none']),
  /** host's clock minus this computer's, seconds */
  clockSkewSeconds: v.number(),
  /** TCP ports in use and, where the host tells, by whom */
  ports: v.array(v.object({ port: v.number(), program: v.string() })),
  /** other XMPP servers found */
  others: v.array(v.string()),
  /** domains that Parley has installed there */
  domains: v.array(v.string()),
  notes: v.array(v.string()),
});
export type FactsSummary = v.InferOutput<typeof FactsSummary>;

const byId = v.strictObject({ hostId: HostId });

export const hostMethods = {
  /** what a typed or pasted `user@host:port`, `ssh://…` or `ssh user@host -p port` means; fault `bad-address` says what would be right */
  'hosts.parse': method(v.strictObject({ text: v.string() }), HostAddress),
  'hosts.add': method(
    v.strictObject({ text: v.string(), auth: v.optional(HostAuth, { kind: 'auto' }) }),
    v.object({ host: Host, added: v.boolean() }),
  ),
  'hosts.list': method(none, v.object({ hosts: v.array(Host) })),
  /** connects, without logging in, and tells which key the host shows */
  'hosts.key': method(byId, HostKey),
  /** the operator has compared this fingerprint; from now on only this key is accepted */
  'hosts.trust': method(v.strictObject({ hostId: HostId, fingerprint: v.string() }), v.object({ host: Host })),
  /** looks at the host, changing nothing there; may prompt */
  'hosts.facts': method(byId, v.object({ facts: FactsSummary })),
  /** forgets the host; fault `host-in-use` while a domain runs there */
  'hosts.remove': method(byId, v.object({})),
};

export const hostEvents = { 'hosts.changed': v.object({ hosts: v.array(Host) }) };
