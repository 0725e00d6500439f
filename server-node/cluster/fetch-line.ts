import type { OtherNode } from './other-node.ts';

export interface FetchParts {
  readonly others: () => Iterable<Pick<OtherNode, 'run' | 'ask'>>;
  readonly question: { readonly id: string; readonly account: string };
  readonly patienceMs: number;
  /** a clock that only goes forward, milliseconds */
  readonly clock: () => number;
  /** It came when nobody waited for it any more. Whoever gave it away has it no longer. */
  late(line: unknown): void;
}

const AGAIN_MS = 250;
/** a node that is out of reach for so long is given up, and with it what it was asked */
const ANSWER_MS = 60_000;

/**
 * Asks the other nodes for a session. The first that has it answers for all: while a session is on its way it is nowhere, and
 * must not wait for a node that stands still. When a node dies with the question, another may take over what waited there: all
 * are asked again.
 */
export async function fetchLine({ others, question, patienceMs, clock, late }: FetchParts): Promise<unknown> {
  const until = clock() + patienceMs;
  const open = new Set<string>();
  let found: unknown;
  let over = false;
  let failed = false;
  let wake = () => {};
  const ask = (other: Pick<OtherNode, 'run' | 'ask'>) => {
    open.add(other.run);
    other
      .ask('line', question, ANSWER_MS)
      .then(
        (line) => {
          if (line === undefined || line === null) return;
          if (over || found !== undefined) late(line);
          else found = line;
        },
        () => {
          failed = true;
        },
      )
      .finally(() => {
        open.delete(other.run);
        wake();
      });
  };
  for (;;) {
    failed = false;
    for (const other of others()) if (!open.has(other.run)) ask(other);
    while (found === undefined && open.size > 0 && !failed && clock() < until)
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.max(0, until - clock()));
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    if (found !== undefined || !failed || clock() >= until) break;
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
  }
  over = true;
  return found;
}
