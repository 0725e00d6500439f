import { createHash } from 'node:crypto';

/** How an installation of a client is known to its account, and to us: its own identifier is not for others to see. */
export const installationId = (agent: string): string =>
  createHash('sha256').update(`client\0${agent}`).digest('base64url').slice(0, 16);
