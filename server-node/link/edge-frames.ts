/** What an edge says to a core. Behind the type stand numbers and bytes; `session` is the edge's number of it. */
export const TO_CORE = {
  /** id, method, JSON of the arguments: asks for an answer */
  ask: 1,
  /** session, id, JSON of login, resource and peer: binds a resource */
  open: 2,
  /** session, bytes: the next stanza of its client */
  stanza: 3,
  /** session, bytes: the same; an earlier core may have handled it */
  maybe: 4,
  /**
   * session, id, the number of the first message that has not come here, how many, numbers, how many, (milliseconds, bytes): it is over, and its client did not take those; some
   * have no number here. Answered when they are safe.
   */
  close: 5,
  /** session, JSON of the peer: it goes on over another connection */
  moved: 6,
  /** session: carbons are on */
  carbons: 7,
  /** session: its client acknowledges from now on */
  managed: 8,
  /** session: its connection is gone, it waits for another */
  waiting: 9,
  /** session, number: it has arrived */
  taken: 10,
  /** session, id, number: put it on disk; answered when it is there */
  keep: 11,
  /** session, id: answered when all stanzas before are handled, and what they owe is safe */
  discharge: 12,
  /** session, id, JSON of its capsule and state, how many, (number, kind, key, milliseconds, bytes), how many, bytes that have arrived */
  restore: 13,
  /** id: what was sent before has left */
  drained: 14,
} as const;

/** What a core says to an edge. */
export const TO_EDGE = {
  /** id, JSON */
  answer: 1,
  /** id, JSON of condition and text: a stanza error */
  refused: 2,
  /** session, bytes: a stanza of which nothing is to be reported */
  deliver: 3,
  /** session, kind, number, key, bytes: a message whose fate is to be reported by its number */
  message: 4,
  /** session, number, how many, numbers: so many stanzas of its client are handled, and those further ones */
  confirmed: 5,
  /** session, condition, text */
  end: 6,
  /** session, recipients */
  charge: 7,
  /** session, JSON: what makes the session, for the next core */
  capsule: 8,
  /** session, id: answered when what was sent before has left */
  drain: 9,
  /** JSON: what the core offers; first, and whenever it changes */
  facts: 10,
  /** nothing: the core is about to stop in order */
  leaving: 11,
  /** session: the bytes of the last `deliver` once more, to another */
  same: 12,
} as const;

/** What becomes of a message that its core has died over. */
export const KIND = {
  /** it goes where undelivered messages go when its client does not take it */
  own: 1,
  /** others have it, or it lies elsewhere: nothing is lost with it */
  elsewhere: 2,
} as const;
