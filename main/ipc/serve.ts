import { ipcMain, type WebContents } from 'electron';
import { type ConsoleMethod, consoleMethods } from '../../shared/console-api/contract.ts';
import { type Answer, CHANNELS, type WindowMethods, windowMethods } from '../../shared/console-api/window.ts';
import { type Fault, faultOf, ParleyError } from '../../shared/errors.ts';
import { check, type Handlers, type Methods } from '../../shared/rpc.ts';
import { isTrusted } from './trusted-sender.ts';

export interface Door {
  /** the page that may ask; undefined while there is none */
  readonly page: () => WebContents | undefined;
  readonly callEngine: (method: ConsoleMethod, params: unknown) => Promise<unknown>;
  readonly window: Handlers<WindowMethods>;
}

/** The only ipcMain: who asks is checked, then what is asked, then what is answered. */
export function serveIpc({ page, callEngine, window }: Door): void {
  const serve = (channel: string, methods: Methods, perform: (method: string, params: unknown) => unknown) =>
    ipcMain.handle(channel, async (event, method: unknown, params: unknown): Promise<Answer> => {
      try {
        if (!isTrusted(event, page())) throw refused();
        const known = typeof method === 'string' && Object.hasOwn(methods, method) ? methods[method] : undefined;
        if (known === undefined) throw new Error(`there is no method ${String(method)}`);
        const input = check(known.params, params, String(method));
        return { result: check(known.result, await perform(String(method), input), `${method}, as its answer,`) };
      } catch (error) {
        return { fault: plain(faultOf(error)) };
      }
    });
  serve(CHANNELS.call, consoleMethods, (method, params) => callEngine(method as ConsoleMethod, params));
  serve(CHANNELS.window, windowMethods, (method, params) => {
    const handle = window[method as keyof WindowMethods] as (params: unknown) => unknown;
    return handle(params);
  });
}

const plain = ({ code, what, why, todo }: Fault): Fault => ({ code, what, why, todo });

const refused = () =>
  new ParleyError({
    code: 'untrusted-page',
    what: 'This was not done.',
    why: "It was asked for by a page that is not Parley's own.",
    todo: 'Close that page.',
  });
