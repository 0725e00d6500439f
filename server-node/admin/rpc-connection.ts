import * as v from 'valibot';
import { type Fault, faultOf } from '../../shared/errors.ts';
import { type NodeEvents, type NodeMethods, nodeMethods } from '../../shared/node-api/contract.ts';
import { check, type EventData, type Handlers, RequestSchema, RPC_CODES, rpcError } from '../../shared/rpc.ts';

/** One operator's connection: requests in, answers and events out. */
export interface RpcPeer {
  send(text: string): void;
}

/** Handlers that know which connection asks, for those that it changes. */
export type NodeHandlers = (connection: RpcConnection) => Handlers<NodeMethods>;

const unknownMethod = (name: string): Fault => ({
  code: 'unknown-method',
  what: `This parleyd can't do '${name}'.`,
  why: 'It is of another version than who asked.',
  todo: 'Upgrade the older of the two.',
});

/** Speaks JSON-RPC 2.0: one message a frame. */
export class RpcConnection {
  readonly #peer: RpcPeer;
  readonly #handlers: Handlers<NodeMethods>;
  readonly #onBug: (error: unknown) => void;
  /** the kinds of events this connection wants */
  subscribed = new Set<string>();

  constructor(peer: RpcPeer, handlers: NodeHandlers, onBug: (error: unknown) => void) {
    this.#peer = peer;
    this.#handlers = handlers(this);
    this.#onBug = onBug;
  }

  event<K extends keyof NodeEvents & string>(name: K, data: EventData<NodeEvents, K>): void {
    this.#peer.send(JSON.stringify({ jsonrpc: '2.0', method: name, params: data }));
  }

  async received(text: string): Promise<void> {
    let message: unknown;
    try {
      message = JSON.parse(text);
    } catch {
      return this.#reply(null, { error: { code: RPC_CODES.parse, message: 'This is not JSON.' } });
    }
    const request = v.safeParse(RequestSchema, message);
    if (!request.success)
      return this.#reply(null, { error: { code: RPC_CODES.request, message: 'This is no request of JSON-RPC 2.0.' } });
    const { id, method, params } = request.output;
    if (!Object.hasOwn(nodeMethods, method)) {
      const fault = unknownMethod(method);
      return this.#reply(id, { error: { code: RPC_CODES.method, message: fault.what, data: fault } });
    }
    try {
      this.#reply(id, { result: await this.#call(method as keyof NodeMethods, params) });
    } catch (error) {
      const fault = faultOf(error);
      if (fault.code === 'bug') this.#onBug(error);
      this.#reply(id, { error: rpcError(fault) });
    }
  }

  async #call<K extends keyof NodeMethods>(name: K, params: unknown): Promise<unknown> {
    const handler = this.#handlers[name] as (params: unknown) => unknown;
    return handler(check(nodeMethods[name].params, params, `'${name}'`));
  }

  #reply(id: number | string | null, body: object): void {
    this.#peer.send(JSON.stringify({ jsonrpc: '2.0', id, ...body }));
  }
}
