// A domain over two hosts with a PostgreSQL and a NATS that were there already, on a host that is none of its nodes: with TLS and
// passwords. What is wrong with them is found before anything is changed.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { certify, newAuthority } from '../../main/secrets/authority.ts';
import { LineClient } from '../clients/line-client.ts';
import { Lan, lastRun, type Outcome, why, whyNoHosts } from '../hosts/hosts.ts';

const skip = whyNoHosts() ?? false;
const DOMAIN = 'acme.example';
const PASSWORDS = { postgres: 'in the managed database', nats: 'on the managed bus' };
let lan: Lan;
let server = '';
let hosts: string[] = [];
let untouched = '';
let vault: string[] = [];

/** What an administrator of databases does: authority, TLS, a user of the domain's own, who may come and from where. */
async function makeServers(): Promise<void> {
  const authority = await newAuthority('The administrators of managed servers');
  const { certificate, key } = await certify(authority, 'managed', [server]);
  const nodes = await Promise.all(['one', 'two'].map((it) => lan.ip(it)));
  writeFileSync(join(lan.dir, 'managed-ca.pem'), authority.certificate);
  await lan.console(
    'managed',
    `set -e
export DEBIAN_FRONTEND=noninteractive
apt-get -qq update >/dev/null
apt-get -qq -y install --no-install-recommends postgresql nats-server </dev/null >/dev/null 2>&1
systemctl stop postgresql nats-server 2>/dev/null || true
put() { cat > "$1"; chmod 0600 "$1"; chown "$2" "$1"; }
for at in "/etc/postgresql/15/main postgres" "/etc/nats nats"; do
  set -- $at; mkdir -p "$1"
  put "$1/server.crt" "$2:" <<'PEM'
${certificate}PEM
  put "$1/server.key" "$2:" <<'PEM'
${key}PEM
done
cat > /etc/postgresql/15/main/conf.d/managed.conf <<'CONF'
listen_addresses = '*'
ssl = on
ssl_cert_file = '/etc/postgresql/15/main/server.crt'
ssl_key_file = '/etc/postgresql/15/main/server.key'
CONF
cat > /etc/postgresql/15/main/pg_hba.conf <<'HBA'
local all postgres peer
${nodes.map((it) => `hostssl all all ${it}/32 scram-sha-256`).join('\n')}
HBA
cat > /etc/nats-managed.conf <<'CONF'
listen: "0.0.0.0:4222"
tls { cert_file: "/etc/nats/server.crt", key_file: "/etc/nats/server.key" }
authorization { users: [
  { user: acme, password: "${PASSWORDS.nats}", permissions: { publish: "parley.>", subscribe: "parley.>" } }
  { user: narrow, password: "${PASSWORDS.nats}", permissions: { publish: "other.>", subscribe: "other.>" } }
] }
CONF
systemctl start postgresql
systemd-run --quiet --unit managed-nats --uid nats /usr/sbin/nats-server -c /etc/nats-managed.conf
for i in $(seq 100); do su postgres -c 'psql -qc "select 1"' >/dev/null 2>&1 && break; sleep 0.1; done
su postgres -c psql >/dev/null <<'SQL'
CREATE ROLE acme LOGIN PASSWORD '${PASSWORDS.postgres}';
CREATE ROLE reader LOGIN PASSWORD '${PASSWORDS.postgres}';
CREATE DATABASE acme OWNER acme;
SQL
systemctl is-active managed-nats >/dev/null`,
  );
}

before(async () => {
  if (skip) return;
  lan = new Lan();
  await lan.up(['managed'], '--user', 'root', '--packages');
  await lan.up(['one', 'two'], '--user', 'root');
  server = await lan.ip('managed');
  await makeServers();
  hosts = [await lan.add('one', 'root', '--key', lan.key), await lan.add('two', 'root', '--key', lan.key)];
  untouched = (await lan.snapshot('one')) + (await lan.snapshot('two'));
  const passphrase = lan.secret('passphrase', 'a passphrase');
  vault = ['--vault-passphrase-file', passphrase];
  await lan.parley('vault', 'create', ...vault);
});
after(() => lan?.close());

interface Given {
  readonly user?: string;
  readonly password?: string;
  readonly ca?: boolean;
  readonly port?: number;
  readonly database?: string;
}

function servers(postgres: Given = {}, nats: Given = {}): string[] {
  const ca = join(lan.dir, 'managed-ca.pem');
  const password = (kind: keyof typeof PASSWORDS, { password }: Given) =>
    lan.secret(`${kind}-password`, password ?? PASSWORDS[kind]);
  return [
    `--postgres=postgres://${postgres.user ?? 'acme'}@${server}:${postgres.port ?? 5432}/${postgres.database ?? 'acme'}`,
    ...['--postgres-password-file', password('postgres', postgres)],
    ...(postgres.ca === false ? [] : ['--postgres-ca', ca]),
    `--nats=tls://${nats.user ?? 'acme'}@${server}:${nats.port ?? 4222}`,
    ...['--nats-password-file', password('nats', nats)],
    ...(nats.ca === false ? [] : ['--nats-ca', ca]),
  ];
}

const provision = (more: readonly string[], ...words: string[]): Promise<Outcome> =>
  lan.parley('provision', DOMAIN, ...hosts.flatMap((it) => ['--host', it]), ...more, ...vault, ...words);

test('what is wrong with servers that were given is found before anything is changed', { skip }, async () => {
  const wrong: [string, () => string[], RegExp][] = [
    ['postgres-login', () => servers({ password: 'wrong' }), /does not let acme in/],
    ['postgres-unreachable', () => servers({ port: 5999 }), /can't be reached/],
    ['postgres-certificate', () => servers({ ca: false }), /certificate of PostgreSQL at .* was refused/],
    ['postgres-rights', () => servers({ user: 'reader' }), /reader may not make tables/],
    ['postgres-other', () => servers({ database: 'none' }), /is of no use/],
    ['nats-login', () => servers({}, { password: 'wrong' }), /does not let acme in/],
    ['nats-unreachable', () => servers({}, { port: 4999 }), /can't be reached/],
    ['nats-certificate', () => servers({}, { ca: false }), /certificate of NATS at .* was refused/],
    ['nats-not-let-in', () => servers({}, { user: 'narrow' }), /does not let this host in as narrow/],
  ];
  for (const [code, given, words] of wrong) {
    const outcome = await provision(given(), '--yes'); // passwords are written into their files by it
    assert.equal(outcome.code, 4, `${code}: ${why(outcome)}`);
    const plan = outcome.said.find((it) => it.plan)?.plan;
    const stops = plan?.findings.filter((it) => it.stops) ?? [];
    assert.deepEqual(
      stops.map((it) => it.code),
      [code],
      'said once, since it is the same for each host',
    );
    assert.match(stops[0]?.what ?? '', words);
    assert.doesNotMatch(JSON.stringify(outcome.said), /in the managed database|on the managed bus/);
  }
  assert.equal((await lan.snapshot('one')) + (await lan.snapshot('two')), untouched);
});

test('the domain runs on them: people at both nodes chat, and the servers were given nothing else to do', {
  skip,
}, async () => {
  const outcome = await provision(servers(), '--yes');
  assert.equal(outcome.code, 0, why(outcome));
  const plan = outcome.said.find((it) => it.plan)?.plan;
  assert.ok(!plan?.steps.some(({ id }) => /^(database|nats)/.test(id)), 'nothing is installed');
  const again = await provision(servers(), '--yes');
  assert.equal(lastRun(again)?.outcome, 'nothing-to-do', why(again));

  const people = ['alice', 'bob'];
  for (const name of people) {
    const password = lan.secret(name, `${name} has a password`);
    const made = await lan.parley('user', 'add', `${name}@${DOMAIN}`, '--new-password-file', password);
    assert.equal(made.code, 0, why(made));
  }
  const certificate = join(lan.dir, 'cert.pem');
  writeFileSync(certificate, await lan.console('one', `cat /var/lib/parley/${DOMAIN}/cert.pem`));
  const clients = await Promise.all(
    people.map(async (name, at) =>
      LineClient.xmppJs({
        ...{ host: await lan.ip(['one', 'two'][at] ?? ''), port: 5222, how: 'starttls', certificate },
        ...{ within: lan.within, jid: `${name}@${DOMAIN}`, password: `${name} has a password` },
      }),
    ),
  );
  const [alice, bob] = clients;
  assert.ok(alice && bob);
  try {
    await alice.hears(/^online alice@/);
    await bob.hears(/^online bob@/);
    alice.tell(`send bob@${DOMAIN} over your own bus`);
    await bob.hears(/^message .*over your own bus/);
  } finally {
    await Promise.all(clients.map((it) => it.quit()));
  }
  const shown = await lan.parley('cluster', 'show', DOMAIN);
  assert.equal(shown.code, 0, why(shown));
  const nodes = shown.said[0]?.['nodes'] as { cluster: { nats: { address: string }; leases: unknown[] } }[];
  assert.deepEqual(
    nodes.map((it) => [it.cluster.nats.address, it.cluster.leases.length]),
    [
      [`${server}:4222`, 2],
      [`${server}:4222`, 2],
    ],
  );
  const schemas = await lan.console(
    'managed',
    `cd / && su postgres -c "psql -Atqc \\"select nspname from pg_namespace where nspname like 'parley%'\\" acme"`,
  );
  assert.match(schemas, /^parley_acme_example_\w+$/m);
});

test('a node is drained and taken back from the command line, stopped or not', { skip }, async () => {
  const [, two = ''] = hosts;
  const does = async (what: string) => {
    const outcome = await lan.parley('cluster', what, DOMAIN, '--host', two, ...vault);
    assert.equal(outcome.code, 0, why(outcome));
    return lastRun(outcome)?.summary ?? '';
  };
  const drains = async () => {
    const shown = await lan.parley('cluster', 'show', DOMAIN);
    const nodes = shown.said[0]?.['nodes'] as { cluster: { nodes: { state: string; draining: boolean }[] } }[];
    return nodes.map(({ cluster }) => cluster.nodes.find(({ state }) => state === 'here')?.draining);
  };
  assert.match(await does('drain'), /takes nobody in any more/);
  assert.deepEqual(await drains(), [false, true]);
  assert.match(await does('undrain'), /takes people in again/);
  assert.deepEqual(await drains(), [false, false]);
  await does('drain');
  await lan.console('two', 'systemctl stop "parleyd-*.service"');
  assert.match(await does('undrain'), /takes people in again/);
  assert.deepEqual(await drains(), [false, false]);
});

test('where sshd forwards no connections, a program of the host makes them', { skip }, async () => {
  const settings = '/etc/ssh/sshd_config.d/nothing.conf';
  await lan.console('two', `echo 'AllowTcpForwarding no' > ${settings}; systemctl reload ssh`);
  const codes = ({ said }: Outcome) => said.find((it) => it.plan)?.plan?.findings.map((it) => it.code);
  const well = await provision(servers(), '--plan');
  assert.deepEqual(codes(well), [], why(well));
  const wrong = await provision(servers({ password: 'wrong' }), '--plan');
  assert.deepEqual(codes(wrong), ['postgres-login'], why(wrong));
  const gone = await provision(servers({}, { port: 4999 }), '--plan');
  assert.ok(
    codes(gone)?.every((it) => it === 'nats-unreachable' || it === 'other-servers'),
    why(gone),
  );
  await lan.console('two', `rm ${settings}; systemctl reload ssh`);
});

test('no password shows where others can see it, and removing the domain leaves the servers alone', {
  skip,
}, async () => {
  for (const host of ['one', 'two']) {
    const said = await lan.console(
      host,
      'cat /var/lib/parley/journal/*.jsonl; ps axww -o args=; journalctl -o cat; cat /var/lib/parley/*/parleyd.toml',
    );
    for (const secret of Object.values(PASSWORDS)) assert.ok(!said.includes(secret), `${host}: a password shows`);
  }
  const removed = await lan.parley('domain', 'remove', DOMAIN, '--yes');
  assert.equal(removed.code, 0, why(removed));
  assert.equal((await lan.snapshot('one')) + (await lan.snapshot('two')), untouched);
  assert.equal((await lan.console('managed', 'systemctl is-active managed-nats')).trim(), 'active');
});
