import { ParleyError } from '../shared/errors.ts';
import type { GuardOptions } from './accounts/login-guard.ts';
import type { Config } from './config/keys.ts';
import type { EdgeLimits } from './edge/limits.ts';
import { parseJid } from './xmpp/jid.ts';

type LimitsConfig = Omit<
  Pick<Config, Extract<keyof Config, `limits.${string}`>>,
  'limits.offline_messages' | 'limits.roster_items' | 'limits.blocklist_items' | 'limits.sessions_per_account'
>;

/** The limits of connections as the configuration says; `connections`: how many the process can hold. */
export function edgeLimits(config: LimitsConfig, connections: number): EdgeLimits {
  const xml = {
    depth: config['limits.depth'],
    attributes: config['limits.attributes'],
    elements: config['limits.elements'],
  };
  return {
    before: { ...xml, stanzaBytes: config['limits.stanza_bytes_before_login'] },
    after: { ...xml, stanzaBytes: config['limits.stanza_bytes'] },
    loginMs: config['limits.login_seconds'] * 1000,
    connections,
    trustLoopback: config['limits.trust_loopback'],
    perAddress: config['limits.connections_per_address'],
    strangersPerNetwork: config['limits.strangers_per_address'],
    connectionsPerSecond: config['limits.connections_per_second'],
    connectionsBurst: config['limits.connections_burst'],
    stanzasPerSecond: config['limits.stanzas_per_second'],
    burstStanzas: config['limits.burst_stanzas'],
    bytesPerSecond: config['limits.bytes_per_second'],
    burstBytes: config['limits.burst_bytes'],
    sendBytes: config['limits.send_buffer_bytes'],
    lines: {
      unacknowledged: config['limits.unacknowledged_stanzas'],
      unacknowledgedBytes: config['limits.send_buffer_bytes'],
      resumeMs: config['limits.resume_seconds'] * 1000,
      keepMs: 3000,
      ackMs: config['limits.ack_seconds'] * 1000,
    },
  };
}

/** How edges of other processes are waited for. */
export const deskLimits = (config: Config): { readonly graceMs: number; readonly deadMs: number } => ({
  graceMs: config['edge.grace_seconds'] * 1000,
  deadMs: config['edge.dead_seconds'] * 1000,
});

/** What password guessing is held to. */
export const guardLimits = (config: Config): Omit<GuardOptions, 'now'> => ({
  perAccount: config['auth.guesses_per_account'],
  perNetwork: config['auth.guesses_per_network'],
  windowMs: config['auth.guess_window_seconds'] * 1000,
  delayMs: config['auth.guess_delay_ms'],
});

/** The addresses to write to about the service, by role (XEP-0157). */
export const contactsOf = (config: Config): Readonly<Record<string, readonly string[]>> => ({
  abuse: config['contact.abuse'],
  admin: config['contact.admin'],
  feedback: config['contact.feedback'],
  sales: config['contact.sales'],
  security: config['contact.security'],
  status: config['contact.status'],
  support: config['contact.support'],
});

/** The administrators' addresses as they are compared. @throws ParleyError `configuration` */
export function adminsOf(config: Config): readonly string[] {
  return config.admins.map((text) => {
    const jid = parseJid(text);
    if (jid !== undefined) return jid.toString();
    throw new ParleyError({
      code: 'configuration',
      what: `admins can't have '${text}'.`,
      why: 'That is no address.',
      todo: 'Correct admins and start again.',
    });
  });
}
