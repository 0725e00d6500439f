import { CONNECTING } from './connecting.ts';
import { FLOODING } from './flooding.ts';
import { GUESSING } from './guessing.ts';
import type { Attack } from './target.ts';
import { WEB } from './web.ts';

/** Every attack that docs/abuse.md lists. */
export const ATTACKS: readonly Attack[] = [...CONNECTING, ...GUESSING, ...FLOODING, ...WEB];
