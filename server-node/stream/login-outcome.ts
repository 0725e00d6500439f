import type { Login, SaslFailure } from '../sasl/mechanism.ts';
import type { StreamCondition } from './header.ts';
import type { Sasl2Request } from './sasl2-request.ts';

/** What came of an element of a login. */
export type LoginOutcome =
  /** the client has to say more */
  | { readonly kind: 'more' }
  /** a failure was sent; the client may try again. `innocent`: it is not to blame */
  | { readonly kind: 'failed'; readonly condition: SaslFailure; readonly innocent?: true }
  /** the stream must end */
  | { readonly kind: 'broken'; readonly condition: StreamCondition; readonly text: string }
  | {
      readonly kind: 'done';
      readonly login: Login;
      readonly mechanism: string;
      /** the mechanism's last words, unless they were sent already */
      readonly data: Buffer | undefined;
      /** what else the client wants; undefined in the SASL profile of RFC 6120 */
      readonly request: Sasl2Request | undefined;
    };
