import type { Session } from '../router/session.ts';
import { sessionMarks } from '../sessions/packed-session.ts';
import type { SecondTime } from '../sessions/second-time.ts';
import type { Kept, StreamCore } from '../stream/ports.ts';
import type { Bytes } from '../xml/chars.ts';
import type { Tag } from '../xml/tag.ts';
import type { Departure, Handover } from './handover.ts';

/** What edges of other processes lead to: a core, and what only such edges need of it. */
export interface DeskCore extends StreamCore<Session> {
  readonly now: () => number;
  /** of this process, made anew at each start */
  readonly id: string;
  /** A session comes here with its edge: whoever holds it lets go of it, `after` that. Undefined when nobody does. */
  claimSession(departure: Departure, after: Promise<unknown>): Promise<Handover | undefined> | undefined;
  /** Resolves when other nodes have what was said to them. */
  informed(): Promise<void>;
  /** It goes on elsewhere: nobody is told that it went. */
  moveAway(session: Session): Promise<void>;
  /** A message that its session takes along lies with another node. */
  forget(key: string): void;
  /** A session has come with its edge from a core that lives: what was for it may wait for its account. */
  arrived(session: Session): void;
  /** As `receive`, for a stanza that a dead core may have handled: what is there already is not put there again. */
  again(session: Session, tag: Tag, raw: Bytes): void | Promise<void>;
  /** what a capsule is made of: when none of it is another, the capsule is the same */
  marks(session: Session): readonly unknown[];
  /** A message that a dead core gave to a session: where it lies on disk, if it does. */
  claim(account: string, bytes: Bytes): Kept | undefined;
  /** resolves when what sessions of a dead core have not acknowledged is safe; undefined: it is */
  recovering(): Promise<unknown> | undefined;
  /** Begins work that `recovering` waits for. */
  recover(work: Promise<unknown>): void;
}

export type DeskParts = Pick<DeskCore, 'id' | 'now' | 'claimSession' | 'informed' | 'moveAway' | 'forget' | 'arrived'>;

/** A core for edges of other processes. */
export function deskCore(core: StreamCore<Session>, second: SecondTime, parts: DeskParts): DeskCore {
  const recovering = new Set<Promise<unknown>>();
  return Object.assign(Object.create(core) as StreamCore<Session>, {
    ...parts,
    async again(session: Session, tag: Tag, raw: Bytes) {
      if (!(await second.was(session, tag, raw))) await core.receive(session, tag, raw);
    },
    marks: sessionMarks,
    claim: (account: string, bytes: Bytes) => second.claim(account, bytes),
    recovering: () => (recovering.size === 0 ? undefined : Promise.allSettled(recovering)),
    recover(work: Promise<unknown>) {
      const over = () => void recovering.delete(work);
      recovering.add(work);
      work.then(over, over);
    },
  });
}
