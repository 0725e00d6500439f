import * as v from 'valibot';
import { method } from '../rpc.ts';
import { HostId } from './hosts.ts';
import { Plan } from './provisioning.ts';

const node = { domain: v.string(), hostId: HostId };
const started = v.object({ runId: v.string() });

/** What is done with one node of a domain that has several. */
export const nodeMethods = {
  /** asks each node how it is; those that do not answer are told of by the domain's health */
  'nodes.ask': method(v.strictObject({ domain: v.string() }), v.object({})),
  /** looks at the hosts and plans one more; `provisioning.run` does it. Faults as of `provisioning.plan`, and `alone` */
  'nodes.plan': method(v.strictObject(node), Plan),
  /** sends its people to the other nodes; it stays, empty */
  'nodes.drain': method(v.strictObject(node), started),
  /** one that was drained, or is being, takes people in again */
  'nodes.undrain': method(v.strictObject(node), started),
  /** drains it, stops it and takes it off its host; faults `carries-servers`, `last-nodes` */
  'nodes.remove': method(v.strictObject({ ...node, keepData: v.optional(v.boolean(), false) }), started),
  /** a host that is lost for good is asked nothing: the fleet forgets its node */
  'nodes.forget': method(v.strictObject(node), v.object({})),
};
