import type { Duplex } from 'node:stream';
import * as v from 'valibot';
import WebSocket from 'ws';
import { ParleyError } from '../../shared/errors.ts';
import {
  NODE_API_VERSION,
  type NodeEvents,
  type NodeMethods,
  nodeEvents,
  nodeMethods,
} from '../../shared/node-api/contract.ts';
import { type EventData, NotificationSchema, type Params, ReplySchema, type Result } from '../../shared/rpc.ts';

type Waiting = { readonly resolve: (value: unknown) => void; readonly reject: (reason: unknown) => void };
export type NodeEvent = {
  [K in keyof NodeEvents]: { readonly name: K; readonly data: EventData<NodeEvents, K> };
}[keyof NodeEvents];

export interface NodeClient {
  /** @throws ParleyError: the node's own fault, or `link-lost` */
  call<K extends keyof NodeMethods & string>(
    method: K,
    params: v.InferInput<NodeMethods[K]['params']>,
  ): Promise<Result<NodeMethods, K>>;
  readonly closed: Promise<ParleyError>;
  close(): void;
}

const ANSWER_MS = 10_000;

/**
 * Speaks to one parleyd over a stream to its admin socket: JSON-RPC 2.0 in WebSocket text frames.
 * @throws ParleyError `node-silent`, `node-too-new`
 */
export async function openNodeClient(stream: Duplex, onEvent: (event: NodeEvent) => void): Promise<NodeClient> {
  const socket = new WebSocket('ws://localhost/', {
    createConnection: () => stream as never, // any duplex stream will do, which the published types do not say
    perMessageDeflate: false,
    handshakeTimeout: ANSWER_MS,
  });
  const waiting = new Map<number, Waiting>();
  let ids = 0;
  const closed = new Promise<ParleyError>((resolve) => {
    let words = '';
    stream.on('error', (error) => (words = error.message));
    socket.on('error', (error) => (words ||= error.message));
    socket.on('close', () => {
      const reason = linkLost(words);
      for (const it of waiting.values()) it.reject(reason);
      waiting.clear();
      stream.destroy();
      resolve(reason);
    });
  });
  socket.on('message', (data) => receive(String(data), waiting, onEvent));

  const call: NodeClient['call'] = (method, params) =>
    new Promise((resolve, reject) => {
      const id = ++ids;
      const late = setTimeout(() => {
        waiting.delete(id);
        reject(linkLost(`no answer to ${method} for ${ANSWER_MS / 1000} s`));
        socket.terminate();
      }, ANSWER_MS);
      const settle = (use: (value: unknown) => void) => (value: unknown) => {
        clearTimeout(late);
        use(value);
      };
      const take = (value: unknown) =>
        resolve(v.parse(nodeMethods[method].result, value) as Result<NodeMethods, typeof method>);
      waiting.set(id, { resolve: settle(take), reject: settle(reject) });
      socket.send(JSON.stringify({ jsonrpc: '2.0', id, method, params: params as Params<NodeMethods, typeof method> }));
    });

  await Promise.race([
    new Promise((resolve) => socket.once('open', resolve)),
    closed.then((reason) => Promise.reject(silent(reason))),
  ]);
  const { api, version } = await call('version', {});
  if (api > NODE_API_VERSION) {
    socket.terminate();
    throw tooNew(version);
  }
  return { call, closed, close: () => socket.terminate() };
}

function receive(text: string, waiting: Map<number, Waiting>, onEvent: (event: NodeEvent) => void): void {
  const message: unknown = JSON.parse(text);
  const reply = v.safeParse(ReplySchema, message);
  if (reply.success) {
    const found = waiting.get(Number(reply.output.id));
    waiting.delete(Number(reply.output.id));
    if ('result' in reply.output) found?.resolve(reply.output.result);
    else found?.reject(faultFrom(reply.output.error));
    return;
  }
  const { method, params } = v.parse(NotificationSchema, message);
  // What a later node tells and this console does not know yet is passed over.
  if (method in nodeEvents) {
    const name = method as keyof NodeEvents;
    onEvent({ name, data: v.parse(nodeEvents[name], params) } as NodeEvent);
  }
}

function faultFrom({
  message,
  data,
}: {
  message: string;
  data?: ConstructorParameters<typeof ParleyError>[0] | undefined;
}) {
  return new ParleyError(
    data ?? {
      code: 'node-fault',
      what: message,
      why: 'parleyd did not say why.',
      todo: 'See its log, then try again.',
    },
  );
}

const linkLost = (words: string) =>
  new ParleyError({
    code: 'link-lost',
    what: 'The link to parleyd was lost.',
    why: words === '' ? 'It was closed on the other side.' : `The connection said: ${words}`,
    todo: 'Parley tries again by itself; what is shown is as old as it says.',
  });

const silent = (reason: ParleyError) =>
  new ParleyError({
    code: 'node-down',
    what: 'The host answers, but parleyd does not.',
    why: reason.why,
    todo: 'See why on the host (journalctl -u "parleyd-*"), or provision again: it starts what is stopped.',
  });

const tooNew = (version: string) =>
  new ParleyError({
    code: 'node-too-new',
    what: `parleyd ${version} speaks a language that this Parley does not know.`,
    why: 'It was installed by a newer Parley.',
    todo: 'Update Parley on this computer.',
  });
