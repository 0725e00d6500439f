import { parse } from 'smol-toml';
import * as v from 'valibot';

const Cluster = v.object({
  storage: v.optional(v.object({ url: v.optional(v.string(), 'off') }), {}),
  cluster: v.optional(
    v.object({ node: v.optional(v.string()), nats: v.optional(v.union([v.string(), v.array(v.string())]), []) }),
    {},
  ),
});

/** A node's place among others, from its parleyd.toml; no name when it is alone. */
export function clusterOf(toml: string) {
  const { storage, cluster } = v.parse(Cluster, parse(toml));
  const nats = [cluster.nats].flat();
  return { storage: storage.url, nats, node: nats.length === 0 ? null : (cluster.node ?? null) };
}

const Config = v.object({
  listen: v.optional(v.object({ c2s: v.optional(v.string()), c2s_tls: v.optional(v.string()) }), {}),
});

/** The ports a node listens on, from its parleyd.toml; a default where it says nothing, null where it says `off`. */
export function portsOf(toml: string): { readonly c2s: number; readonly c2sTls: number | null } {
  const { listen } = v.parse(Config, parse(toml));
  return {
    c2s: portOf(listen.c2s) ?? 5222,
    c2sTls: listen.c2s_tls === 'off' ? null : (portOf(listen.c2s_tls) ?? 5223),
  };
}

function portOf(address: string | undefined): number | undefined {
  const port = Number(address?.split(':').pop());
  return Number.isInteger(port) && port > 0 ? port : undefined;
}
