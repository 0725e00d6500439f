import * as v from 'valibot';
import { type ConsoleMethod, consoleMethods } from '../../shared/console-api/contract.ts';
import { type Fault, faultOf } from '../../shared/errors.ts';
import { createEngine, type Engine } from '../engine.ts';
import type { Lockbox } from '../secrets/keychain.ts';
import { type FromEngine, ToEngine } from './messages.ts';

/** The engine behind a channel of plain messages. */
export interface Served {
  receive(message: unknown): void;
  /** Ends it in good order: runs are cancelled and recorded, connections closed. */
  stop(): Promise<void>;
}

export function serveEngine(send: (message: FromEngine) => void): Served {
  let engine: Engine | undefined;
  const lockbox = remoteLockbox(send);

  function start(options: Extract<ToEngine, { kind: 'start' }>): void {
    const { dataDir, releasesDir, version, keychain, home } = options;
    const ssh = { folder: home.folder, agent: home.agent };
    engine = createEngine({
      dataDir,
      releasesDir,
      version,
      ssh,
      watch: true,
      ...(keychain ? { lockbox: lockbox.port } : {}),
    });
    engine.onAny((event, data) => send({ kind: 'event', event, data }));
    send({ kind: 'ready' });
  }

  async function call({ id, method, params }: Extract<ToEngine, { kind: 'call' }>): Promise<void> {
    try {
      if (engine === undefined) throw new Error('the engine was not started');
      if (!(method in consoleMethods)) throw new Error(`there is no method ${method}`);
      send({ kind: 'result', id, result: await engine.call(method as ConsoleMethod, params) });
    } catch (error) {
      send({ kind: 'fault', id, fault: plain(faultOf(error)) });
    }
  }

  return {
    receive(raw) {
      const message = v.parse(ToEngine, raw);
      if (message.kind === 'call') return void call(message);
      if (message.kind === 'lockbox') return lockbox.answer(message.id, message.text);
      if (message.kind === 'stop') return void this.stop();
      try {
        start(message);
      } catch (error) {
        send({ kind: 'failed', fault: plain(faultOf(error)) });
      }
    },
    async stop() {
      await engine?.close();
      engine = undefined;
    },
  };
}

const plain = ({ code, what, why, todo }: Fault): Fault => ({ code, what, why, todo });

/** safeStorage lives in the window's process: each text goes there and comes back. */
function remoteLockbox(send: (message: FromEngine) => void) {
  const waiting = new Map<number, (text: string | null) => void>();
  let ids = 0;
  const ask = (action: 'encrypt' | 'decrypt', text: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const id = ++ids;
      waiting.set(id, (answer) => (answer === null ? reject(new Error('it is not available')) : resolve(answer)));
      send({ kind: 'lockbox', id, action, text });
    });
  const port: Lockbox = { encrypt: (text) => ask('encrypt', text), decrypt: (text) => ask('decrypt', text) };
  return {
    port,
    answer(id: number, text: string | null): void {
      waiting.get(id)?.(text);
      waiting.delete(id);
    },
  };
}
