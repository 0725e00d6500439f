import type { Caller, EventData, Handlers } from '../rpc.ts';
import { appMethods } from './app.ts';
import { demoMethods } from './demo.ts';
import { domainEvents, domainMethods } from './domains.ts';
import { hostEvents, hostMethods } from './hosts.ts';
import { nodeMethods } from './nodes.ts';
import { liveEvents, logMethods, peopleMethods, sessionMethods } from './people.ts';
import { provisioningEvents, provisioningMethods } from './provisioning.ts';
import { secretEvents, secretMethods } from './secrets.ts';

/** What the window and the command line may ask of the engine. */
export const consoleMethods = {
  ...appMethods,
  ...hostMethods,
  ...provisioningMethods,
  ...domainMethods,
  ...nodeMethods,
  ...peopleMethods,
  ...sessionMethods,
  ...logMethods,
  ...secretMethods,
  ...demoMethods,
};
export type ConsoleMethods = typeof consoleMethods;
export type ConsoleMethod = keyof ConsoleMethods & string;
export type ConsoleHandlers = Handlers<ConsoleMethods>;
export type CallEngine = Caller<ConsoleMethods>;

/** What the engine tells without being asked: only what has happened. */
export const consoleEvents = {
  ...hostEvents,
  ...provisioningEvents,
  ...domainEvents,
  ...liveEvents,
  ...secretEvents,
};
export type ConsoleEvents = typeof consoleEvents;
export type ConsoleEvent = keyof ConsoleEvents & string;
export type OnConsoleEvent = <K extends ConsoleEvent>(
  event: K,
  listener: (data: EventData<ConsoleEvents, K>) => void,
) => () => void;
