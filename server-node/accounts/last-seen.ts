import type { Router } from '../router/router.ts';
import type { Stores } from '../storage/stores.ts';

/** Notes when people come and go. Kept in memory and written now and then: a login must not wait for the disk. */
export class LastSeen {
  readonly #stores: Stores;
  #times = new Map<string, number>();

  constructor(router: Router, stores: Stores, now: () => number) {
    this.#stores = stores;
    router.hooks.on('session-opened', 'observe', ({ session }) => void this.#times.set(session.jid.local, now()));
    router.hooks.on('session-closed', 'observe', ({ session }) => void this.#times.set(session.jid.local, now()));
  }

  async write(): Promise<void> {
    const times = this.#times;
    this.#times = new Map();
    await this.#stores.accounts.seen(times);
  }
}
