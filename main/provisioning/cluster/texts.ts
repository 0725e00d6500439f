// What PostgreSQL and NATS are told to be. Pure: from numbers and addresses to the text of a file.

const MB = 1024 * 1024;
/** of a node: its pool, four for exclusive work, one for the lease */
export const CONNECTIONS_A_NODE = 13;

/** What PostgreSQL runs with, beside what the distribution sets. */
export function postgresConf({
  nodes,
  port,
  memoryBytes,
}: {
  nodes: number;
  port: number;
  memoryBytes: number;
}): string {
  // Room for as many nodes again, and eight at least: adding one then needs no restart.
  const connections = Math.max(8, nodes * 2) * CONNECTIONS_A_NODE + 16;
  // A quarter is PostgreSQL's own advice for a machine of its own; here parleyd and NATS live beside it.
  const buffers = Math.min(4096, Math.max(32, Math.floor(memoryBytes / 8 / MB)));
  return `# Written by Parley, and again when it provisions; put changes of your own into a file that sorts after it.
listen_addresses = '*'
port = ${port}
max_connections = ${connections}
shared_buffers = ${buffers}MB
password_encryption = 'scram-sha-256'
ssl = on
ssl_cert_file = 'server.crt'
ssl_key_file = 'server.key'
ssl_min_protocol_version = 'TLSv1.2'
`;
}

/** Who may come: the administrator on the host itself, and the nodes, with TLS and a password. */
export function postgresHba(addresses: readonly string[]): string {
  const nodes = [...new Set(addresses)]
    .sort()
    .map((it) => `hostssl parley parley ${it}/${it.includes(':') ? 128 : 32} scram-sha-256`);
  return `# Written by Parley, and again when a node comes or goes.
local all postgres peer
${nodes.join('\n')}
`;
}

export interface NatsTexts {
  readonly name: string;
  readonly folder: string;
  readonly port: number;
  /** of the other servers, when there are three; null: it is alone */
  readonly routes: readonly string[] | null;
  readonly password: string;
  readonly routesPassword: string;
}

const routesPort = (port: number): number => port + 2000;

/** A NATS server between nodes: TLS, one user, and limits that one node can't exceed to the harm of the others. */
export function natsConf({ name, folder, port, routes, password, routesPassword }: NatsTexts): string {
  const tls = (more: string) => `{
    cert_file: "${folder}/server.crt"
    key_file: "${folder}/server.key"${more}
    timeout: 5
  }`;
  const cluster =
    routes === null
      ? ''
      : `
cluster {
  name: "parley"
  listen: "0.0.0.0:${routesPort(port)}"
  authorization { user: "route", password: "${routesPassword}", timeout: 5 }
  tls: ${tls(`\n    ca_file: "${folder}/ca.crt"\n    verify: true`)}
  routes: [${routes.map((it) => `"nats-route://route:${routesPassword}@${it}:${routesPort(port)}"`).join(', ')}]
}
`;
  return `# Written by Parley, and again when it provisions.
server_name: "${name}"
listen: "0.0.0.0:${port}"
max_payload: 1MB
max_pending: 64MB
max_connections: 1024
write_deadline: "5s"
ping_interval: "10s"
ping_max: 2
authorization { user: "parley", password: "${password}", timeout: 5 }
tls: ${tls('')}
${cluster}`;
}

export const natsPorts = (port: number, several: boolean): number[] => (several ? [port, routesPort(port)] : [port]);

/** systemd.exec(5); the account comes with the distribution's package. */
export const natsUnit = (domain: string, folder: string): string => `# Written by Parley.
[Unit]
Description=NATS server between the nodes of ${domain}
After=network-online.target
Wants=network-online.target

[Service]
ExecStart=/usr/sbin/nats-server -c ${folder}/nats.conf
ExecReload=/bin/kill -HUP $MAINPID
User=nats
Group=nats
Restart=always
RestartSec=1
LimitNOFILE=65536
UMask=0077

ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
PrivateDevices=yes
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectControlGroups=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6
RestrictNamespaces=yes
LockPersonality=yes
NoNewPrivileges=yes
CapabilityBoundingSet=
SystemCallArchitectures=native

[Install]
WantedBy=multi-user.target
`;
