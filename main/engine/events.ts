import type { ConsoleEvent, ConsoleEvents } from '../../shared/console-api/contract.ts';
import type { EventData } from '../../shared/rpc.ts';

type Listener = (event: ConsoleEvent, data: unknown) => void;

export type EngineEvents = ReturnType<typeof createEvents>;

/** Tells what has happened to whoever listens. */
export function createEvents() {
  const listeners = new Set<Listener>();
  const onAny = (listener: Listener) => {
    listeners.add(listener);
    return () => void listeners.delete(listener);
  };
  return {
    emit<K extends ConsoleEvent>(event: K, data: EventData<ConsoleEvents, K>): void {
      for (const listener of listeners) listener(event, data);
    },
    onAny,
    on<K extends ConsoleEvent>(event: K, listener: (data: EventData<ConsoleEvents, K>) => void): () => void {
      return onAny((name, data) => {
        if (name === event) listener(data as EventData<ConsoleEvents, K>);
      });
    },
  };
}
