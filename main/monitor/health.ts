import type { Health } from '../../shared/console-api/domains.ts';
import type { NodeStatus } from '../../shared/domain/node.ts';
import type { Fault } from '../../shared/errors.ts';

const DAY = 86_400_000;
const WARN_DAYS = 14;

/** How a linked node is. */
export function healthOf(status: NodeStatus, now: number): Pick<Health, 'state' | 'problem'> {
  const days = Math.floor((status.certificate.notAfter - now) / DAY);
  if (days >= WARN_DAYS) return { state: 'well', problem: null };
  return {
    state: 'warning',
    problem: {
      code: 'certificate-ends',
      what: days < 0 ? `The certificate ended ${-days} days ago.` : `The certificate ends in ${days} days.`,
      why: 'Clients refuse a certificate that has ended.',
      todo: 'Provision again with a new certificate.',
    },
  };
}

// Asking again would only ask the operator again, or be refused again: the next try is theirs.
const THEIRS = [
  'declined',
  'cancelled',
  'login-refused',
  'no-root',
  'no-key-file',
  'bad-key-file',
  'no-agent',
  'vault-locked',
];

export const waitsForOperator = ({ code }: Fault): boolean =>
  THEIRS.includes(code) || code.startsWith('host-key-') || code === 'wrong-sudo-password' || code === 'node-too-new';

export const stateOf = ({ code }: Fault): Health['state'] =>
  code === 'node-down' || code === 'node-too-new' ? 'down' : 'unreachable';
