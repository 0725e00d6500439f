/** The other node did not answer, or said why it can't. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer';
}

interface Open {
  resolve(answer: unknown): void;
  reject(error: Error): void;
  readonly timer: ReturnType<typeof setTimeout>;
}

/** Questions to another node that it has not answered yet. */
export class Questions {
  readonly #open = new Map<number, Open>();
  #last = 0;

  ask(timeoutMs: number, send: (number: number) => void): Promise<unknown> {
    const number = ++this.#last;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#open.delete(number);
        reject(new NoAnswer('another node did not answer in time'));
      }, timeoutMs);
      this.#open.set(number, { resolve, reject, timer });
      send(number);
    });
  }

  answered(number: number, well: boolean, body: string): void {
    const open = this.#open.get(number);
    if (open === undefined) return;
    this.#open.delete(number);
    clearTimeout(open.timer);
    const answer: unknown = JSON.parse(body);
    if (well) open.resolve(answer);
    else open.reject(new NoAnswer(String(answer)));
  }

  /** No answers will come to what was asked. */
  end(why: string): void {
    for (const { reject, timer } of this.#open.values()) {
      clearTimeout(timer);
      reject(new NoAnswer(why));
    }
    this.#open.clear();
  }
}
