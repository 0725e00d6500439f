/** What nodes say to each other within a batch: one byte, and what stands behind it in this order. */
export const FRAME = {
  /** A session: number, localpart, resource, flags, priority + 128, connected at, peer (JSON), what it blocks, presence behind `from`. */
  opened: 1,
  /** What others need to know of it: number, flags, priority + 128, presence behind `from` (see PRESENCE). */
  changed: 2,
  /** It is over: number. */
  closed: 3,
  /** A stanza for a session: its number, how its sender follows it (see FOLLOW), the number it has there, bytes. */
  deliver: 4,
  /** What became of one: its number, see FATE. */
  fate: 5,
  /** One presence for many: head, tail, how many, and the number of each session. */
  fan: 6,
  /** A session is to end: its number, condition, text. */
  end: 7,
  /** All sessions have been told. */
  complete: 8,
  /** A question: its number, what, JSON; and its answer: its number, whether it was answered, JSON. */
  ask: 9,
  answer: 10,
  /** Something that needs no answer: what, JSON. */
  tell: 11,
} as const;

export const FLAG = { available: 1, interested: 2, blocklist: 4, carbons: 8 } as const;

/** alone: nobody asks what became of it; elsewhere: what is lost with it lies elsewhere; followed: its number is told its fate. */
export const FOLLOW = { alone: 0, elsewhere: 1, followed: 2 } as const;

/** passed: the client was sent it and acknowledges nothing; taken: it has it; lost: it will not; keep: put it on disk. */
export const FATE = { passed: 0, taken: 1, lost: 2, keep: 3 } as const;
