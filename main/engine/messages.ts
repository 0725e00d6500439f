import * as v from 'valibot';

/**
 * What the window's process and the engine's process say to each other: plain objects, over Electron's utilityProcess
 * or Node's fork. A window sends `start` first; every `call` is answered once by its id.
 */
export const ToEngine = v.variant('kind', [
  v.strictObject({
    kind: v.literal('start'),
    dataDir: v.string(),
    releasesDir: v.string(),
    version: v.string(),
    /** true: the window's process locks secrets with the operating system's keychain when it is asked to */
    keychain: v.boolean(),
    home: v.strictObject({ folder: v.string(), agent: v.optional(v.string()) }),
  }),
  v.strictObject({ kind: v.literal('call'), id: v.number(), method: v.string(), params: v.unknown() }),
  v.strictObject({ kind: v.literal('lockbox'), id: v.number(), text: v.nullable(v.string()) }),
  v.strictObject({ kind: v.literal('stop') }),
]);
export type ToEngine = v.InferOutput<typeof ToEngine>;

const Fault = v.object({ code: v.string(), what: v.string(), why: v.string(), todo: v.string() });

export const FromEngine = v.variant('kind', [
  /** the engine answers from now on */
  v.strictObject({ kind: v.literal('ready') }),
  /** it could not start, and ends */
  v.strictObject({ kind: v.literal('failed'), fault: Fault }),
  v.strictObject({ kind: v.literal('result'), id: v.number(), result: v.unknown() }),
  v.strictObject({ kind: v.literal('fault'), id: v.number(), fault: Fault }),
  v.strictObject({ kind: v.literal('event'), event: v.string(), data: v.unknown() }),
  /** to be locked or opened by safeStorage; answered by a `lockbox` of the same id, null when it can't be done. Locked text is base64. */
  v.strictObject({
    kind: v.literal('lockbox'),
    id: v.number(),
    action: v.picklist(['encrypt', 'decrypt']),
    text: v.string(),
  }),
]);
export type FromEngine = v.InferOutput<typeof FromEngine>;
