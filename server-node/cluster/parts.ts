import type { Log } from '../observe/log.ts';
import type { Router } from '../router/router.ts';
import type { Leases, NodeRow } from '../storage/leases.ts';
import type { Stores } from '../storage/stores.ts';
import type { Bytes } from '../xml/chars.ts';
import type { Bus } from './bus.ts';
import type { LinkRates } from './meter.ts';
import type { PairLinkLimits } from './pair-link.ts';
import type { LeaseView, StandingLimits } from './standing.ts';
import type { CopySafe } from './transit.ts';
import type { Work } from './works.ts';

/** what datagrams begin with: how they are written */
export const WIRE_VERSION = 1;

export interface ClusterTimes extends StandingLimits, PairLinkLimits {
  readonly beatMs: number;
  readonly renewMs: number;
}

export const CLUSTER_TIMES: ClusterTimes = {
  leaseMs: 4000,
  stopMs: 3000,
  beatMs: 500,
  renewMs: 1000,
  windowBytes: 4 * 1_048_576,
  mostBytes: 64 * 1_048_576,
  resendMs: 250,
  patienceMs: 10_000,
};

export interface ClusterParts {
  readonly domain: string;
  /** this node's name, which stays, and this run of it, which is new each start */
  readonly node: string;
  readonly run: string;
  readonly version: string;
  /** what others may want to know: where clients reach it */
  readonly info: Readonly<Record<string, unknown>>;
  readonly bus: Bus;
  readonly leases: Leases;
  readonly stores: Stores;
  readonly safe: CopySafe;
  readonly times: ClusterTimes;
  /** a clock that only goes forward, milliseconds */
  readonly clock: () => number;
  readonly now: () => number;
  readonly log: Log;
  readonly router: () => Router;
  readonly continuity: () => ClusterContinuity;
  /** This node may not serve any more: it was taken for dead, or can't say that it lives. */
  readonly onLost: (why: string) => void;
}

/** A message on disk that a run left which is over. */
export interface LeftMessage {
  readonly key: string;
  readonly account: string;
  readonly bytes: Bytes;
  readonly at: number;
  /** it was on its way to several devices: its numbers there */
  readonly also?: readonly number[] | undefined;
}

/** What outlives a node, as the cluster moves it about. */
export interface ClusterContinuity {
  /** Takes over the sessions that wait of a run that is over; answers how many. What it does again does no harm. */
  adopt(run: string): Promise<number>;
  /** The messages that lie on disk of a run that is over. */
  left(run: string): Promise<readonly LeftMessage[]>;
  /** They go where messages wait, but those of `elsewhere`, by their keys: somebody cares for them. */
  giveBack(left: readonly LeftMessage[], elsewhere: ReadonlySet<string>): Promise<void>;
  /** Whether a session that came from another run holds this very message, or had it. */
  holds(message: LeftMessage): boolean;
  /** so long edges of a run that died may need to come here with the sessions that they hold, milliseconds */
  readonly graceMs: number;
  /** Gives a session away to another node; undefined when it is not here. */
  release(id: string, account: string): Promise<unknown>;
  /** Lets go of a session whose client's edge has taken it to another node; undefined when it is not here. */
  letGo(departure: unknown): Promise<unknown>;
  /** Takes a session that was given away, to wait here for its client. */
  takeIn(line: unknown): Promise<void>;
}

/** One other node, as people see it. */
export interface ClusterNode {
  readonly node: string;
  readonly run: string;
  readonly state: 'here' | 'linked' | 'joining' | 'silent';
  readonly sessions: number;
  readonly version: string;
  readonly draining: boolean;
  readonly database: boolean;
  /** bytes that wait for it, and how long the oldest has, milliseconds */
  readonly backlog: number;
  readonly lagMs: number;
  readonly delivered: number;
  readonly received: number;
  readonly resent: number;
  /** how much goes over the link of late; undefined: it is too young, or there is none */
  readonly rates: LinkRates | undefined;
  /** a beat's way there and back; undefined: not known */
  readonly roundTripMs: number | undefined;
  readonly info: unknown;
}

/** Another node of the domain speaks to nodes in another way than this one. */
export class OtherWire extends Error {
  override readonly name = 'OtherWire';

  constructor(node: string, version: string) {
    super(`node ${node} runs parleyd ${version}, which speaks to other nodes in another way`);
  }
}

/** A node's lease, as this one sees it. */
export interface ClusterLease extends Pick<NodeRow, 'node' | 'run' | 'state' | 'renewals'> {
  readonly renewedMs: LeaseView['renewedMs'] | null;
  readonly leftMs: LeaseView['leftMs'] | null;
  readonly by: LeaseView['by'] | null;
}

/** What a node is at that only one may do. */
export interface ClusterWork extends Work {
  readonly node: string;
}

/** Another node of the domain has this name, and is alive. */
export class NameTaken extends Error {
  override readonly name = 'NameTaken';

  constructor(node: string) {
    super(`a node named ${node} serves already`);
  }
}
