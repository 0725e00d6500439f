/** A core that was given up: its process, and how many of its batches were acted on. It may live. */
export interface FormerCore {
  readonly core: string;
  readonly acted: number;
}
