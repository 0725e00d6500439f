import { sendUnixDatagram } from './unix-datagram.ts';

/** Tells systemd how we are (sd_notify(3)), when it asked to be told. */
export async function notifySystemd(state: string): Promise<void> {
  const address = process.env['NOTIFY_SOCKET'];
  if (address !== undefined && address !== '') await sendUnixDatagram(address, state);
}
