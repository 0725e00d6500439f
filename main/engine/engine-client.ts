import * as v from 'valibot';
import type { ConsoleMethod } from '../../shared/console-api/contract.ts';
import type { EngineState } from '../../shared/console-api/window.ts';
import { type Fault, ParleyError } from '../../shared/errors.ts';
import { FromEngine, type ToEngine } from './messages.ts';

/** A running engine's process, whatever carries the messages. */
export interface EngineChannel {
  send(message: ToEngine): void;
  kill(): void;
}

export interface EngineClientOptions {
  readonly open: (onMessage: (message: unknown) => void, onExit: (code: number | null) => void) => EngineChannel;
  readonly start: Extract<ToEngine, { kind: 'start' }>;
  readonly lockbox: (action: 'encrypt' | 'decrypt', text: string) => string | null;
  readonly onEvent: (event: string, data: unknown) => void;
  readonly onState: (state: EngineState) => void;
}

const STOP_MS = 5000;

export type EngineClient = ReturnType<typeof createEngineClient>;

/** The window's side of the engine: calls wait until it is ready, and fail with a reason when it is lost. */
export function createEngineClient({ open, start, lockbox, onEvent, onState }: EngineClientOptions) {
  let channel: EngineChannel | undefined;
  let state: EngineState = { state: 'starting' };
  let ids = 0;
  let leaving: (() => void) | undefined;
  const waiting = new Map<number, { resolve: (result: unknown) => void; reject: (fault: ParleyError) => void }>();
  const queue: ToEngine[] = [];

  const become = (next: EngineState) => {
    state = next;
    onState(next);
  };

  function lose(fault: Fault): void {
    channel = undefined;
    queue.length = 0;
    for (const { reject } of waiting.values()) reject(new ParleyError(fault));
    waiting.clear();
    become({ state: 'lost', fault });
  }

  function settle(id: number, act: (it: { resolve: (r: unknown) => void; reject: (f: ParleyError) => void }) => void) {
    const found = waiting.get(id);
    waiting.delete(id);
    if (found) act(found);
  }

  function hear(raw: unknown): void {
    const message = v.parse(FromEngine, raw);
    if (message.kind === 'ready') {
      become({ state: 'ready' });
      for (const it of queue.splice(0)) channel?.send(it);
    } else if (message.kind === 'failed') lose(message.fault);
    else if (message.kind === 'result') settle(message.id, (it) => it.resolve(message.result));
    else if (message.kind === 'fault') settle(message.id, (it) => it.reject(new ParleyError(message.fault)));
    else if (message.kind === 'event') onEvent(message.event, message.data);
    else channel?.send({ kind: 'lockbox', id: message.id, text: lockbox(message.action, message.text) });
  }

  function begin(): void {
    if (channel !== undefined) return;
    become({ state: 'starting' });
    const mine = open(hear, (code) => {
      if (leaving) return leaving();
      if (channel === mine) lose(ended(code));
    });
    channel = mine;
    mine.send(start);
  }

  return {
    begin,
    state: () => state,
    call(method: ConsoleMethod, params: unknown): Promise<unknown> {
      if (state.state === 'lost') return Promise.reject(new ParleyError(state.fault));
      const id = ++ids;
      return new Promise((resolve, reject) => {
        waiting.set(id, { resolve, reject });
        const message: ToEngine = { kind: 'call', id, method, params };
        if (state.state === 'ready') channel?.send(message);
        else queue.push(message);
      });
    },
    /** Lets it record its runs and close its connections. */
    stop(): Promise<void> {
      const mine = channel;
      if (mine === undefined) return Promise.resolve();
      return new Promise((resolve) => {
        const timer = setTimeout(() => mine.kill(), STOP_MS);
        leaving = () => {
          clearTimeout(timer);
          resolve();
        };
        mine.send({ kind: 'stop' });
      });
    },
  };
}

const ended = (code: number | null): Fault => ({
  code: 'engine-lost',
  what: "Parley's engine has stopped.",
  why: code === null ? 'Its process was ended by a signal.' : `Its process ended with code ${code}.`,
  todo: 'Start it again. What you see is what it last said; nothing on the hosts has changed by this.',
});
