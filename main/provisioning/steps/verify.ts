import { sh } from '../../ssh/shell.ts';
import type { Step, Work } from '../step.ts';

/** The proof: a login over the network that clients will use. It changes nothing, so it is made every time. */
export function verify({ domain, address, ports }: Work): Step {
  return {
    id: 'verify',
    title: 'Log in as a client would',
    detail: `From this computer to ${address}:${ports.c2s}: STARTTLS, the certificate compared, a login by SCRAM-SHA-256 to ${domain}. The account for it is made before and removed after.`,
    touches: [],
    undoes: 'Nothing: it leaves nothing behind.',
    after: [],
    check: sh`exit 1`,
    apply: [{ kind: 'login' }],
    undo: null,
  };
}
