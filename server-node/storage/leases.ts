/**
 * Nodes of a domain and their leases. A lease is a counter: whoever watches it judges by their own clock how long it
 * stood still, so no clock needs to be right.
 */
export interface NodeRow {
  readonly node: string;
  /** which run of that node: a new one each start */
  readonly run: string;
  readonly renewals: number;
  /** live: serves; fenced: was withdrawn by another; left: went by itself */
  readonly state: 'live' | 'fenced' | 'left';
  /** what others need to know: addresses, version; JSON */
  readonly info: unknown;
}

/** One row a node. Rows of runs that are not live any more vanish after an hour. */
export interface Leases {
  /** Writes the row of a new run (replacing that node's former run); answers the former row if it was live. */
  join(node: string, run: string, info: unknown): Promise<NodeRow | undefined>;
  /**
   * +1 for this run, and for other runs that the caller vouches for; answers all rows after that, from the same
   * transaction. A run that was fenced stays so.
   */
  renew(run: string, vouched: readonly string[]): Promise<readonly NodeRow[]>;
  /**
   * Only one caller ever gets true: run was live and its counter is still `renewals`. When it rejects, it may have been
   * done all the same, and then nobody gets true: the state that rows() tells is what counts.
   */
  fence(run: string, renewals: number): Promise<boolean>;
  leave(run: string): Promise<void>;
  /**
   * Runs that are over and may have left something in the storage: fenced, gone, or replaced by a new run of their node. One
   * stays until somebody has cared for all it left.
   */
  estates(): Promise<readonly string[]>;
  /** All that a run left is cared for. */
  settled(run: string): Promise<void>;
  /** in the order of the nodes' names */
  rows(): Promise<readonly NodeRow[]>;
  close(): Promise<void>;
}

/** How long others can read of a run that it is over, milliseconds. */
export const KEEP_ENDED_MS = 3_600_000;
