import { ParleyError } from '../../shared/errors.ts';

/** Why a connection could not be made, from what the system or the SSH library said. */
export function connectFailure(
  name: string,
  port: number,
  error: Error & { code?: string; level?: string },
): ParleyError {
  const fault = (code: string, why: string, todo: string) =>
    new ParleyError({ code, what: `${name} can't be reached over SSH.`, why, todo }, { cause: error });
  if (error.code === 'ENOTFOUND' || error.code === 'EAI_AGAIN')
    return fault('host-unknown', 'No address is known for that name.', 'Check the spelling, or use the IP address.');
  if (error.code === 'ECONNREFUSED')
    return fault(
      'ssh-refused',
      `The host is there, but nothing listens on port ${port}.`,
      'Start its SSH server, or give the right port: user@host:port.',
    );
  if (error.code === 'EHOSTUNREACH' || error.code === 'ENETUNREACH')
    return fault('no-route', 'The network knows no way to it.', 'See whether it is on, and whether a VPN is needed.');
  if (error.code === 'ETIMEDOUT' || error.level === 'client-timeout')
    return fault(
      'ssh-timeout',
      'It did not answer in time: it is off, or a firewall drops what is sent to it.',
      'See whether it is on, and whether a firewall or a VPN stands between.',
    );
  return fault(
    'ssh-failed',
    `The connection said: ${error.message}`,
    'See whether it is really an SSH server that answers there.',
  );
}

export const loginRefused = (name: string, tried: readonly string[], cause: Error) =>
  new ParleyError(
    {
      code: 'login-refused',
      what: `${name} refused the login.`,
      why:
        tried.length === 0
          ? 'Parley had nothing to log in with that the host accepts.'
          : `It refused ${tried.join(', ')}.`,
      todo: 'Check the user name, and that the password is right or that your public key is in ~/.ssh/authorized_keys there.',
    },
    { cause },
  );
