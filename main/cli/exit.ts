import type { Fault } from '../../shared/errors.ts';

/** What `parley` ends with; the same table stands in its help. */
export const EXIT = { ok: 0, failed: 1, usage: 2, host: 3, finding: 4, cancelled: 130 } as const;

const HOST = [
  ...[
    'host-key-unknown',
    'host-key-changed',
    'other-fingerprint',
    'login-refused',
    'declined',
    'no-root',
    'wrong-sudo-password',
  ],
  ...['host-unknown', 'ssh-refused', 'no-route', 'ssh-timeout', 'ssh-failed'],
];

export function exitCodeOf({ code }: Fault): number {
  if (code === 'usage' || code === 'bad-address' || code === 'bad-request') return EXIT.usage;
  if (HOST.includes(code)) return EXIT.host;
  if (code === 'stopped-by-finding') return EXIT.finding;
  return code === 'cancelled' ? EXIT.cancelled : EXIT.failed;
}
