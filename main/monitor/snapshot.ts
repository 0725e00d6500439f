import type { LogLine } from '../../shared/domain/log-line.ts';
import type { NodeStatus } from '../../shared/domain/node.ts';
import type { Session } from '../../shared/domain/session.ts';
import type { NodeEvent } from './node-client.ts';

const LOG_LINES = 1000;

/** What a node last said of itself. It stays when the link is lost, and says how old it is. */
export class Snapshot {
  status: NodeStatus | null = null;
  readonly sessions = new Map<string, Session>();
  readonly log: LogLine[] = [];
  /** when it was true, milliseconds since 1970; null: nothing is known yet */
  asOf: number | null = null;

  /** Begins anew with what the node lists now. */
  reset(status: NodeStatus, sessions: readonly Session[], log: readonly LogLine[]): void {
    this.status = status;
    this.sessions.clear();
    for (const it of sessions) this.sessions.set(it.jid, it);
    this.log.splice(0, this.log.length, ...log);
    this.asOf = Date.now();
  }

  take(event: NodeEvent): void {
    this.asOf = Date.now();
    switch (event.name) {
      case 'session.opened':
      case 'session.changed':
        this.sessions.set(event.data.jid, event.data);
        break;
      case 'session.closed':
        this.sessions.delete(event.data.jid);
        break;
      case 'log.line':
        this.log.push(event.data);
        if (this.log.length > LOG_LINES) this.log.shift();
        break;
      case 'status':
        this.status = event.data;
    }
  }
}
