import { deferred } from './deferred.ts';
import { cancelled, type Host } from './host.ts';

/** One connection a host, shared by everything that speaks to it. */
export interface Pool {
  /**
   * The open connection, or a new one. The attempt ends when everybody who waits for it has given up.
   * @throws ParleyError `cancelled`, and why it can't be reached
   */
  get(hostId: string, signal?: AbortSignal): Promise<Host>;
  /** ends the connection, as when the host is forgotten or its key was changed */
  drop(hostId: string): void;
  close(): void;
}

interface Entry {
  readonly host: Promise<Host>;
  readonly attempt: AbortController;
  waiting: number;
  open: boolean;
}

export function createPool(connect: (hostId: string, signal: AbortSignal) => Promise<Host>): Pool {
  const entries = new Map<string, Entry>();

  function begin(hostId: string): Entry {
    const attempt = new AbortController();
    const host = connect(hostId, attempt.signal);
    const entry: Entry = { host, attempt, waiting: 0, open: false };
    const forget = () => entries.get(hostId) === entry && entries.delete(hostId);
    host.then((it) => {
      entry.open = true;
      it.onClose(forget);
    }, forget);
    entries.set(hostId, entry);
    return entry;
  }

  const end = (entry: Entry) => {
    entry.attempt.abort();
    entry.host.then(
      (host) => host.close(),
      () => undefined,
    );
  };

  return {
    async get(hostId, signal) {
      const entry = entries.get(hostId) ?? begin(hostId);
      entry.waiting += 1;
      try {
        return await untilAborted(entry.host, signal);
      } finally {
        entry.waiting -= 1;
        if (entry.waiting === 0 && !entry.open && signal?.aborted) {
          entries.delete(hostId);
          end(entry);
        }
      }
    },
    drop(hostId) {
      const entry = entries.get(hostId);
      entries.delete(hostId);
      if (entry) end(entry);
    },
    close() {
      for (const entry of entries.values()) end(entry);
      entries.clear();
    },
  };
}

function untilAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  const { promise: gone, reject } = deferred<never>();
  const stop = () => reject(cancelled());
  if (signal.aborted) stop();
  signal.addEventListener('abort', stop, { once: true });
  return Promise.race([promise, gone]).finally(() => signal.removeEventListener('abort', stop));
}
