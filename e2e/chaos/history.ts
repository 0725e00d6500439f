/** What clients and the nemesis did and saw, in its order; `at`: milliseconds since the run began. */
export type Event = { readonly at: number } & (
  | {
      readonly kind: 'bound';
      readonly account: string;
      readonly session: number;
      readonly jid: string;
      readonly door: string;
      readonly managed: boolean;
    }
  /** it counts from now on */
  | { readonly kind: 'enabled'; readonly session: number }
  | { readonly kind: 'resumed'; readonly session: number; readonly door: string; readonly counted?: string }
  /** it can't be resumed: what came of it is known as far as `acked` says */
  | { readonly kind: 'refused'; readonly session: number }
  | { readonly kind: 'lost'; readonly session: number; readonly farewell: boolean }
  | { readonly kind: 'sent'; readonly session: number; readonly message: number; readonly to: string }
  /** the server says that it has handled them */
  | { readonly kind: 'acked'; readonly session: number; readonly messages: readonly number[] }
  | {
      readonly kind: 'got';
      readonly session: number;
      readonly message: number;
      readonly from: string;
      /** as a message of its own, or as a copy of one that was sent to, or by, another device */
      readonly as: 'message' | 'copy';
      /** it says that it waited */
      readonly delayed: boolean;
    }
  /** this client has told the server that it has these */
  | { readonly kind: 'confirmed'; readonly session: number; readonly h: number }
  /** it came back as an error */
  | { readonly kind: 'error'; readonly session: number; readonly message: number; readonly condition: string }
  | { readonly kind: 'fault' | 'healed' | 'note'; readonly what: string }
);

type Without<T> = T extends unknown ? Omit<T, 'at'> : never;

export class History {
  readonly events: Event[] = [];
  readonly #from = performance.now();
  #sessions = 0;
  #messages = 0;

  get now(): number {
    return Math.round(performance.now() - this.#from);
  }

  note(event: Without<Event>): void {
    this.events.push({ at: this.now, ...event } as Event);
  }

  session(): number {
    return ++this.#sessions;
  }

  message(): number {
    return ++this.#messages;
  }
}
