import * as v from 'valibot';
import type { Fault as FaultWords } from '../errors.ts';
import { method } from '../rpc.ts';
import { none } from './app.ts';

export const Theme = v.picklist(['system', 'light', 'dark']);
export type Theme = v.InferOutput<typeof Theme>;

const Fault: v.GenericSchema<FaultWords> = v.object({
  code: v.string(),
  what: v.string(),
  why: v.string(),
  todo: v.string(),
});

/** `lost`: its process has ended; what the window shows is what it last said */
export const EngineState = v.variant('state', [
  v.object({ state: v.literal('starting') }),
  v.object({ state: v.literal('ready') }),
  v.object({ state: v.literal('lost'), fault: Fault }),
]);
export type EngineState = v.InferOutput<typeof EngineState>;

/** An action of the window as the menu shows it. */
export const MenuItem = v.strictObject({
  id: v.string(),
  menu: v.picklist(['Go', 'Domain', 'View']),
  label: v.string(),
  /** as Electron writes it, shown beside the label; the window itself listens for the keys */
  accelerator: v.nullable(v.string()),
  enabled: v.boolean(),
});
export type MenuItem = v.InferOutput<typeof MenuItem>;

/** What only the window's own process can do: no method of the engine. */
export const windowMethods = {
  'window.state': method(none, v.object({ engine: EngineState, theme: Theme, platform: v.string() })),
  'window.theme': method(v.strictObject({ theme: Theme }), v.object({})),
  'window.menu': method(v.strictObject({ items: v.array(MenuItem) }), v.object({})),
  'window.copy': method(v.strictObject({ text: v.pipe(v.string(), v.maxLength(1_000_000)) }), v.object({})),
  /** the operator chooses a file on this computer; null: they chose none */
  'window.chooseFile': method(
    v.strictObject({ title: v.string(), what: v.picklist(['ssh-key', 'pem', 'any']) }),
    v.object({ path: v.nullable(v.string()) }),
  ),
  /** starts the engine again after it was lost */
  'window.restartEngine': method(none, v.object({})),
};
export type WindowMethods = typeof windowMethods;

export const windowEvents = {
  'window.engine': EngineState,
  /** an item of the menu was chosen */
  'window.command': v.object({ id: v.string() }),
};
export type WindowEvents = typeof windowEvents;

/** The names of the three channels between a page and the window's process. */
export const CHANNELS = { call: 'parley:call', window: 'parley:window', event: 'parley:event' } as const;

/** How an answer travels: an exception would lose its fields on the way. */
export type Answer = { readonly result: unknown } | { readonly fault: FaultWords };

/** What the preload script lends the page. */
export interface Bridge {
  call(method: string, params: unknown): Promise<Answer>;
  window(method: string, params: unknown): Promise<Answer>;
  /** what happened since the last time: JSON of [event, data] pairs, so that the way to the page costs one copy of a text */
  on(listener: (batch: string) => void): () => void;
}
