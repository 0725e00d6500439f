import manifest from '../package.json' with { type: 'json' };

/** Of the console and of the parleyd it carries: they are released together. */
export const VERSION: string = manifest.version;
