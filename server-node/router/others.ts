/** The other nodes of the domain, as far as the router must know of them. */
export interface Others {
  /** Does something that no other node does at the same time. */
  exclusive<T>(name: string, work: () => Promise<T>): Promise<T>;
  /** What is kept of an account has changed: what others have of it in memory is outdated. `now`: what it is, if they need that at once. */
  changed(name: string, what: string, now?: readonly string[]): void;
  /** A message was kept for an account: whoever has a session of it that could take it is told. */
  kept(name: string): void;
  /** grows whenever something is new of a session that is here */
  readonly news: number;
  /** Resolves when all who can be reached know of the sessions that there are here; soon, whatever happens. */
  informed(): Promise<void>;
  /** Asks for the end of a session of an account that only waits for its client; whether there was one. */
  room(name: string): Promise<boolean>;
}
