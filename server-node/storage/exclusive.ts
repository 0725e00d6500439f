/** Works by name, one at a time within this process: what `Stores.exclusive` is where nobody else shares the storage. */
export class Turns {
  readonly #last = new Map<string, Promise<unknown>>();

  /** Runs the work after all that were asked for before it under the same name; a failure is its caller's alone. */
  async take<T>(name: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(name) ?? Promise.resolve();
    const mine = before.then(work);
    const over = mine.then(
      () => undefined,
      () => undefined,
    );
    this.#last.set(name, over);
    try {
      return await mine;
    } finally {
      if (this.#last.get(name) === over) this.#last.delete(name);
    }
  }
}
