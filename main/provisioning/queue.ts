type Queue = <T>(key: string, work: () => Promise<T>) => Promise<T>;

/** The same under several keys at once. They are taken in one order always, so that two never wait for each other. */
export const underAll = <T>(queue: Queue, keys: readonly string[], work: () => Promise<T>): Promise<T> =>
  [...new Set(keys)].sort().reduceRight<() => Promise<T>>((inner, key) => () => queue(key, inner), work)();

/** Lets one piece of work after the other happen under a key, in the order they came. */
export function createQueue(): Queue {
  const last = new Map<string, Promise<unknown>>();
  return <T>(key: string, work: () => Promise<T>): Promise<T> => {
    const before = last.get(key) ?? Promise.resolve();
    const mine = before.then(work, work);
    last.set(key, mine);
    const forget = () => last.get(key) === mine && last.delete(key);
    mine.then(forget, forget);
    return mine;
  };
}
