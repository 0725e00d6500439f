import * as v from 'valibot';
import type { Pipe } from './link.ts';

/** The versions of the link's frames that this build speaks. A change that an older reader would misread makes a new one. */
export const VERSIONS = { from: 1, to: 1 } as const;
/** bytes */
const MOST_HELLO = 65_536;

const number = v.pipe(v.number(), v.integer(), v.minValue(0));
const text = v.pipe(v.string(), v.maxLength(1000));

/** The first words of an edge. */
export const EdgeHello = v.object({
  parley: v.literal('edge'),
  from: number,
  to: number,
  /** of this process, made anew at each start */
  id: text,
  /** what its administrator calls it */
  name: text,
  domain: text,
  /** the core process whose batches it has, and how many of them; '' and 0: none */
  knows: text,
  acted: number,
});
export type EdgeHello = v.InferOutput<typeof EdgeHello>;

/** The answer of a core: it goes on where they were, or begins anew; or says why not. */
export const CoreHello = v.union([
  v.object({
    parley: v.literal('core'),
    version: number,
    id: text,
    /** the link goes on: the core has acted on so many batches of this edge process */
    goesOn: v.boolean(),
    acted: number,
  }),
  v.object({ parley: v.literal('refused'), why: text }),
]);
export type CoreHello = v.InferOutput<typeof CoreHello>;

/** The newest version that both speak, or undefined. */
export function commonVersion(other: { readonly from: number; readonly to: number }): number | undefined {
  const newest = Math.min(VERSIONS.to, other.to);
  return newest >= Math.max(VERSIONS.from, other.from) ? newest : undefined;
}

export function sayHello(pipe: Pipe, hello: EdgeHello | CoreHello): void {
  const words = Buffer.from(JSON.stringify(hello));
  const bytes = Buffer.alloc(4 + words.length);
  bytes.writeUInt32BE(words.length, 0);
  words.copy(bytes, 4);
  pipe.write(bytes);
}

/** Gathers the other side's first words. */
export class Hearing<T> {
  readonly #schema: v.GenericSchema<unknown, T>;
  #bytes: Buffer = Buffer.alloc(0);

  constructor(schema: v.GenericSchema<unknown, T>) {
    this.#schema = schema;
  }

  /** The hello and what came behind it; undefined while there is more to come; a text: what came is no hello. */
  take(data: Buffer): { readonly hello: T; readonly rest: Buffer } | string | undefined {
    this.#bytes = Buffer.concat([this.#bytes, data]);
    if (this.#bytes.length < 4) return undefined;
    const length = this.#bytes.readUInt32BE(0);
    if (length > MOST_HELLO) return 'it does not speak the link of edges';
    if (this.#bytes.length < 4 + length) return undefined;
    const rest = this.#bytes.subarray(4 + length);
    let words: unknown;
    try {
      words = JSON.parse(this.#bytes.toString('utf8', 4, 4 + length));
    } catch {
      return 'it does not speak the link of edges';
    }
    const outcome = v.safeParse(this.#schema, words);
    return outcome.success ? { hello: outcome.output, rest } : 'its first words are not those of a link';
  }
}
