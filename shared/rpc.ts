import * as v from 'valibot';
import { type Fault, ParleyError } from './errors.ts';

/** One operation of an interface: what goes in and what comes out, both checked at the boundary. */
export interface Method<P extends v.GenericSchema = v.GenericSchema, R extends v.GenericSchema = v.GenericSchema> {
  readonly params: P;
  readonly result: R;
}

export type Methods = Readonly<Record<string, Method>>;
export type Events = Readonly<Record<string, v.GenericSchema>>;

export type Params<M extends Methods, K extends keyof M> = v.InferOutput<M[K]['params']>;
export type Result<M extends Methods, K extends keyof M> = v.InferOutput<M[K]['result']>;
export type EventData<E extends Events, K extends keyof E> = v.InferOutput<E[K]>;

/** What a side that answers must provide: one function a method. */
export type Handlers<M extends Methods> = {
  readonly [K in keyof M]: (params: Params<M, K>) => Result<M, K> | Promise<Result<M, K>>;
};

/** What a side that asks may call. Rejects with a ParleyError when the other side answered with a fault. */
export type Caller<M extends Methods> = <K extends keyof M & string>(
  method: K,
  params: Params<M, K>,
) => Promise<Result<M, K>>;

export const method = <P extends v.GenericSchema, R extends v.GenericSchema>(params: P, result: R): Method<P, R> => ({
  params,
  result,
});

const FaultSchema = v.object({ code: v.string(), what: v.string(), why: v.string(), todo: v.string() });

/** JSON-RPC 2.0 on the wire; a fault travels in error.data. */
export const RequestSchema = v.object({
  jsonrpc: v.literal('2.0'),
  id: v.union([v.number(), v.string()]),
  method: v.string(),
  params: v.optional(v.unknown(), {}),
});
export const ReplySchema = v.union([
  v.object({ jsonrpc: v.literal('2.0'), id: v.union([v.number(), v.string(), v.null()]), result: v.unknown() }),
  v.object({
    jsonrpc: v.literal('2.0'),
    id: v.union([v.number(), v.string(), v.null()]),
    error: v.object({ code: v.number(), message: v.string(), data: v.optional(FaultSchema) }),
  }),
]);
export const NotificationSchema = v.object({ jsonrpc: v.literal('2.0'), method: v.string(), params: v.unknown() });

/** Codes of JSON-RPC 2.0 §5.1; FAULT is ours, from the range left to implementations. */
export const RPC_CODES = {
  parse: -32700,
  request: -32600,
  method: -32601,
  params: -32602,
  internal: -32603,
  fault: -32000,
};

/**
 * Checks what came in against a schema.
 * @throws ParleyError `bad-request` that names the field
 */
export function check<S extends v.GenericSchema>(schema: S, value: unknown, where: string): v.InferOutput<S> {
  const outcome = v.safeParse(schema, value);
  if (outcome.success) return outcome.output;
  const first = outcome.issues[0];
  const path = v.getDotPath(first) ?? '';
  throw new ParleyError({
    code: 'bad-request',
    what: `${where} was called with something it can't use.`,
    why: `${path === '' ? 'The value' : path}: ${first.message}.`,
    todo: 'Correct the value and call again.',
  });
}

/** A fault as the error member of a JSON-RPC reply. */
export const rpcError = (fault: Fault) => ({
  code: fault.code === 'bug' ? RPC_CODES.internal : fault.code === 'bad-request' ? RPC_CODES.params : RPC_CODES.fault,
  message: fault.what,
  data: fault,
});
