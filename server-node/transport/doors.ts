import type { BoundListener } from './listener.ts';

export type DoorName = 'c2s' | 'c2s_tls' | 'http' | 'https' | 'components' | 'edges';

interface Door {
  readonly name: DoorName;
  readonly listen: (address: string) => Promise<BoundListener>;
  /** where it was asked to listen, with the port that it got */
  readonly address: string;
  listener: BoundListener;
  open: boolean;
}

/** Where a node listens. Doors can be closed and opened again at the same addresses: a drained node is taken back so. */
export class Doors {
  readonly #doors: Door[] = [];

  /** @throws what listening there came to */
  async open(name: DoorName, asked: string, listen: Door['listen']): Promise<void> {
    const listener = await listen(asked);
    // port 0 was any: it is to be the same the next time
    const address = asked.replace(/:0$/, `:${listener.address.split(':').at(-1)}`);
    this.#doors.push({ name, listen, address, listener, open: true });
  }

  /** Takes no more connections; those that are there stay. */
  close(): void {
    for (const door of this.#doors) this.#close(door);
  }

  #close(door: Door): void {
    if (door.open) door.listener.close();
    door.open = false;
  }

  /** Opens those that were closed: all, or none when one can't be. @throws what listening there came to */
  async reopen(): Promise<void> {
    const closed = this.#doors.filter(({ open }) => !open);
    try {
      for (const door of closed) {
        door.listener = await door.listen(door.address);
        door.open = true;
      }
    } catch (error) {
      for (const door of closed) this.#close(door);
      throw error;
    }
  }

  /** Certificates were replaced: who comes from now on sees the new ones. @throws when one can't be read */
  reload(): void {
    for (const { listener } of this.#doors) listener.reload?.();
  }

  addresses(): { readonly name: DoorName; readonly address: string }[] {
    return this.#doors.filter(({ open }) => open).map(({ name, listener }) => ({ name, address: listener.address }));
  }
}
