import { connect, type Socket } from 'node:net';
import type { Address } from './address.ts';
import { deferred } from './deferred.ts';
import { cancelled, throwIfCancelled } from './host.ts';

const CONNECT_MS = 15_000;
const SILENCE_MS = 10_000;

/** A connected TCP socket; rejects with the system's error, or with the code ETIMEDOUT after 15 s. */
export async function openTcp({ address, port }: Address, signal?: AbortSignal): Promise<Socket> {
  throwIfCancelled(signal);
  const { promise, resolve, reject } = deferred<Socket>();
  const socket = connect({ host: address, port, noDelay: true }, () => resolve(socket));
  const stop = () => reject(cancelled());
  const late = setTimeout(() => reject(Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' })), CONNECT_MS);
  socket.once('error', reject);
  signal?.addEventListener('abort', stop, { once: true });
  try {
    return await promise;
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    clearTimeout(late);
    signal?.removeEventListener('abort', stop);
    socket.off('error', reject);
  }
}

/**
 * Ends a socket on which nothing has arrived for ten seconds. Something must keep asking, so that a living host
 * answers. The bytes that came in are what counts: on a slow line an answer may wait behind a long upload.
 */
export function endWhenSilent(socket: Socket): void {
  let seen = socket.bytesRead;
  let since = Date.now();
  const timer = setInterval(() => {
    if (socket.bytesRead !== seen) {
      seen = socket.bytesRead;
      since = Date.now();
    } else if (Date.now() - since > SILENCE_MS) {
      socket.destroy(new Error(`nothing was heard from it for ${SILENCE_MS / 1000} s`));
    }
  }, 1000);
  socket.once('close', () => clearInterval(timer));
}
