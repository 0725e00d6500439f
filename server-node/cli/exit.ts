/** What parleyd's exit codes mean. */
export const EXIT = {
  ok: 0,
  /** it was tried and did not work */
  failed: 1,
  /** the words of the command are off */
  usage: 2,
  /** init: there is a node in that folder already */
  exists: 3,
} as const;
