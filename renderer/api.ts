import type { GenericSchema } from 'valibot';
import { type CallEngine, consoleEvents, consoleMethods, type OnConsoleEvent } from '../shared/console-api/contract.ts';
import {
  type Bridge,
  type WindowEvents,
  type WindowMethods,
  windowEvents,
  windowMethods,
} from '../shared/console-api/window.ts';
import { ParleyError } from '../shared/errors.ts';
import { type Caller, check, type EventData, type Events, type Methods } from '../shared/rpc.ts';

declare global {
  interface Window {
    readonly parley: Bridge;
  }
}

async function ask(methods: Methods, via: Bridge['call'], method: string, params: unknown): Promise<unknown> {
  const answer = await via(method, params);
  if ('fault' in answer) throw new ParleyError(answer.fault);
  const schema = methods[method]?.result as GenericSchema;
  return check(schema, answer.result, `${method}, as its answer,`);
}

/** Asks the engine. Rejects with a ParleyError. */
export const call = ((method: string, params: unknown) =>
  ask(consoleMethods, window.parley.call, method, params)) as CallEngine;

/** Asks the window's own process. */
export const callWindow = ((method: string, params: unknown) =>
  ask(windowMethods, window.parley.window, method, params)) as Caller<WindowMethods>;

type Listener = (event: string, data: unknown) => void;
const listeners = new Set<Listener>();
let hearing = false;

/** One line from the bridge, for all who listen here. */
function hear(events: Events, event: string, listener: (data: unknown) => void): () => void {
  const schema = events[event];
  if (schema === undefined) throw new Error(`there is no event ${event}`);
  if (!hearing) {
    hearing = true;
    window.parley.on((batch) => {
      for (const [name, data] of JSON.parse(batch) as [string, unknown][]) for (const it of listeners) it(name, data);
    });
  }
  const mine: Listener = (name, data) => {
    if (name === event) listener(check(schema, data, event));
  };
  listeners.add(mine);
  return () => void listeners.delete(mine);
}

/** What the engine tells without being asked. */
export const on = ((event: string, listener: (data: unknown) => void) =>
  hear(consoleEvents, event, listener)) as OnConsoleEvent;

export const onWindow = ((event: string, listener: (data: unknown) => void) => hear(windowEvents, event, listener)) as <
  K extends keyof WindowEvents & string,
>(
  event: K,
  listener: (data: EventData<WindowEvents, K>) => void,
) => () => void;
