import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as v from 'valibot';
import { faultOf, ParleyError } from './errors.ts';
import { check, RPC_CODES, rpcError } from './rpc.ts';

test('what comes in is checked, and what is wrong is named', () => {
  const schema = v.strictObject({ domain: v.string(), port: v.optional(v.number(), 22) });
  assert.deepEqual(check(schema, { domain: 'a' }, 'x'), { domain: 'a', port: 22 });
  assert.throws(
    () => check(schema, { domain: 'a', port: '1' }, "'hosts.add'"),
    (error: unknown) => {
      assert.ok(error instanceof ParleyError);
      assert.equal(error.code, 'bad-request');
      assert.match(error.what, /'hosts.add'/);
      assert.match(error.why, /^port: /);
      return true;
    },
  );
  assert.throws(() => check(schema, { domain: 'a', more: 1 }, 'x'), ParleyError);
});

test('a fault keeps its three lines, and a bug says that it is one', () => {
  const fault = { code: 'disk-full', what: 'a', why: 'b', todo: 'c' };
  assert.deepEqual(faultOf(new ParleyError(fault)), fault);
  assert.deepEqual(JSON.parse(JSON.stringify(new ParleyError(fault))), fault);
  assert.equal(faultOf(new TypeError('x is undefined')).code, 'bug');
  assert.equal(faultOf('text').why, 'text');
  assert.equal(rpcError(fault).code, RPC_CODES.fault);
  assert.equal(rpcError(faultOf(new Error('x'))).code, RPC_CODES.internal);
});
