import * as v from 'valibot';
import { method } from '../rpc.ts';
import { none } from './app.ts';
import { Connection } from './provisioning.ts';

export const DemoPerson = v.object({
  jid: v.string(),
  /** told when the person is made, and never again: Parley keeps no password */
  password: v.nullable(v.string()),
});

export const demoMethods = {
  /** begins to provision `demo.localhost` on this computer; its steps come as events of the run */
  'demo.start': method(none, v.object({ runId: v.string(), domain: v.string() })),
  /** waits for that run, then makes the two people that are missing; fault of the run when it failed */
  'demo.people': method(none, v.object({ connection: Connection, people: v.array(DemoPerson) })),
};
