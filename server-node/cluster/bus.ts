/**
 * What carries bytes between the nodes of a domain: fast, in order from one sender on one subject, and free to lose what it
 * likes (NATS core). Who needs more than that counts and repeats (pair-link.ts).
 */
export interface Bus {
  /** bytes that one publication may have */
  readonly most: number;
  readonly connected: boolean;
  /** Sends it, or loses it; never throws. */
  publish(subject: string, data: Uint8Array): void;
  /** Until the bus is closed. */
  subscribe(subject: string, take: (data: Uint8Array) => void): void;
  close(): Promise<void>;
}
