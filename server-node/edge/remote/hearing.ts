import { TO_EDGE } from '../../link/edge-frames.ts';
import type { Unpacker } from '../../link/pack.ts';
import type { Bytes } from '../../xml/chars.ts';
import type { RemoteSession } from './remote-session.ts';

/** A message whose fate its core wants to know. */
export interface NumberedMessage {
  readonly number: number;
  readonly kind: number;
  readonly key: string;
  readonly bytes: Bytes;
}

/** What becomes of a frame that is for more than its session. */
export interface Hears {
  /** undefined: the same bytes as the last */
  deliver(session: RemoteSession | undefined, bytes: Bytes | undefined): void;
  message(session: RemoteSession | undefined, message: NumberedMessage): void;
  drain(session: RemoteSession | undefined, id: number): void;
}

/** Reads a core's frame behind its session, which is undefined when it is not that core's any more. */
export function hear(type: number, batch: Unpacker, session: RemoteSession | undefined, to: Hears): void {
  switch (type) {
    case TO_EDGE.deliver:
      to.deliver(session, batch.bytes());
      break;
    case TO_EDGE.same:
      to.deliver(session, undefined);
      break;
    case TO_EDGE.message: {
      const [kind, number, key, bytes] = [batch.byte(), batch.count(), batch.text(), batch.bytes()];
      to.message(session, { number, kind, key, bytes });
      break;
    }
    case TO_EDGE.confirmed: {
      const upTo = batch.count();
      const beyond = Array.from({ length: batch.count() }, () => batch.count());
      session?.confirm(upTo, beyond);
      break;
    }
    case TO_EDGE.end: {
      const [condition, text] = [batch.text(), batch.text()];
      session?.end(condition, text === '' ? undefined : text);
      break;
    }
    case TO_EDGE.charge: {
      const recipients = batch.count();
      session?.outlet.charge(recipients);
      break;
    }
    case TO_EDGE.capsule: {
      const capsule = batch.text();
      if (session !== undefined) session.capsule = capsule;
      break;
    }
    case TO_EDGE.drain:
      to.drain(session, batch.count());
      break;
    default:
      throw new Error(`a frame of type ${type}`);
  }
}
