import type { Secured } from '../../edge/connection.ts';

/** Who sends a request. */
export interface Visitor {
  /** without a port: what counts as one address */
  readonly host: string;
  /** as people write it, with its port */
  readonly address: string;
  readonly loopback: boolean;
  /** the TLS channel that ends here; undefined without one */
  readonly secured: Secured | undefined;
}
