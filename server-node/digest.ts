import { createHash } from 'node:crypto';
import type { Digest } from './router/caps.ts';

/** Hashes for those who must know no `node:crypto` (scripts/layers.cjs). */
export const digest: Digest = (algorithm, text) =>
  createHash(algorithm.replace('-', '')).update(text, 'utf8').digest('base64');
