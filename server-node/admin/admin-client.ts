import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import * as v from 'valibot';
import { WebSocket } from 'ws';
import { ParleyError } from '../../shared/errors.ts';
import { type NodeMethods, nodeMethods } from '../../shared/node-api/contract.ts';
import { type Caller, check, ReplySchema } from '../../shared/rpc.ts';

export interface AdminClient {
  readonly call: Caller<NodeMethods>;
  close(): void;
}

/** Connects to the admin socket of a node on this machine; undefined when no node runs there. */
export async function connectAdmin(path: string): Promise<AdminClient | undefined> {
  if (!existsSync(path)) return undefined;
  const socket = connect(path);
  const open = await new Promise<boolean>((resolve, reject) => {
    socket.once('connect', () => resolve(true));
    socket.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'ECONNREFUSED' || error.code === 'ENOENT' ? resolve(false) : reject(error),
    );
  });
  socket.destroy();
  if (!open) return undefined;
  const webSocket = new WebSocket(`ws+unix://${path}:/`);
  await new Promise<void>((resolve, reject) => {
    webSocket.once('open', () => resolve());
    webSocket.once('error', reject);
  });
  return clientOver(webSocket);
}

function clientOver(webSocket: WebSocket): AdminClient {
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  let last = 0;
  webSocket.on('message', (data) => {
    const reply = v.safeParse(ReplySchema, JSON.parse(data.toString()));
    if (!reply.success) return;
    const waiter = waiting.get(Number(reply.output.id));
    waiting.delete(Number(reply.output.id));
    if ('result' in reply.output) waiter?.resolve(reply.output.result);
    else {
      const { message, data: fault } = reply.output.error;
      waiter?.reject(new ParleyError(fault ?? { code: 'refused', what: message, why: '', todo: '' }));
    }
  });
  webSocket.on('close', () => {
    for (const waiter of waiting.values()) {
      waiter.reject(
        new ParleyError({
          code: 'gone',
          what: 'The node went away before it answered.',
          why: 'It was stopped.',
          todo: 'Start it and try again.',
        }),
      );
    }
  });
  return {
    call: async (method, params) => {
      const id = ++last;
      const result = new Promise<unknown>((resolve, reject) => waiting.set(id, { resolve, reject }));
      webSocket.send(JSON.stringify({ jsonrpc: '2.0', id, method, params }));
      return check(nodeMethods[method].result, await result, `the answer to '${method}'`);
    },
    close: () => webSocket.close(),
  };
}
