// An edge under systemd, beside a node that was provisioned: the unit that `parleyd edge unit` prints, with all it shuts off.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { LineClient } from '../clients/line-client.ts';
import { Lan, why, whyNoHosts } from '../hosts/hosts.ts';

const skip = whyNoHosts() ?? false;
const lan = skip ? undefined : new Lan();
const DOMAIN = 'acme.example';
const DATA = `/var/lib/parley/${DOMAIN}`;
const EDGE = '/var/lib/parley-edge';
let host = '';

before(async () => {
  await lan?.up(['edgy'], '--user', 'root');
  host = (await lan?.add('edgy', 'root', '--key', lan.key)) ?? '';
});
after(() => lan?.close());

test('an edge made by hand runs under its unit, and its core and the console know it', { skip }, async () => {
  assert.ok(lan);
  const made = await lan.parley('provision', DOMAIN, '--host', host, '--yes');
  assert.equal(made.code, 0, why(made));
  const password = lan.secret('anna', 'anna has a password');
  await lan.parley('user', 'add', `anna@${DOMAIN}`, '--new-password-file', password);
  // as docs/edges.md says
  const said = await lan.console(
    'edgy',
    `set -e
unit=$(cd /etc/systemd/system && ls parleyd-*.service)
user=$(stat -c %U ${DATA})
parleyd=$(ls -d /opt/parley/*/parleyd)
sed -i 's|^# edges = .*|edges = "edge.sock"|; s|^edges = .*|edges = "edge.sock"|' ${DATA}/parleyd.toml
systemctl restart "$unit"
install -d -o "$user" -g "$user" -m 0750 ${EDGE}
runuser -u "$user" -- "$parleyd" edge init --data ${EDGE} --core ${DOMAIN}=${DATA}/edge.sock --set name=front --set 'listen.c2s=*:6222' --set 'listen.c2s_tls=*:443'
"$parleyd" edge unit --data ${EDGE} > /etc/systemd/system/parley-edge.service
systemctl daemon-reload
systemctl enable --now parley-edge
systemctl is-active parley-edge
runuser -u "$user" -- "$parleyd" edge check --data ${EDGE}
runuser -u "$user" -- "$parleyd" check --data ${DATA}`,
  );
  assert.match(said, /^active$/m);
  assert.match(said, /^well {3}core of acme\.example at \S+: connected, 0 sessions$/m);
  assert.match(said, /^well {3}edge front: connected from this machine, 0 sessions$/m);
  assert.doesNotMatch(said, /^WRONG/m);
});

test('people come by the edge, which has a port below 1024 too; reloaded it shows its new certificate', {
  skip,
}, async () => {
  assert.ok(lan);
  const certificate = join(lan.dir, 'edge-cert.pem');
  const come = async () => {
    writeFileSync(certificate, await lan.console('edgy', `cat ${EDGE}/${DOMAIN}.cert.pem`));
    const client = LineClient.xmppJs({
      ...{ host: await lan.ip('edgy'), port: 6222, how: 'starttls', certificate, within: lan.within },
      ...{ jid: `anna@${DOMAIN}`, password: 'anna has a password' },
    });
    await client.hears(/^online anna@/);
    return client;
  };
  const anna = await come();
  const shown = await lan.parley('domain', 'show', DOMAIN);
  assert.match(JSON.stringify(shown.said), /"edges":\[\{[^\]]*"name":"front"[^\]]*"sessions":1/, why(shown));
  await anna.quit();
  await lan.console(
    'edgy',
    `set -e
cd ${EDGE}; rm ${DOMAIN}.cert.pem ${DOMAIN}.key.pem; mv edge.toml kept
runuser -u "$(stat -c %U .)" -- "$(ls -d /opt/parley/*/parleyd)" edge init --data . --core ${DOMAIN}=x >/dev/null
mv kept edge.toml
systemctl reload parley-edge`,
  );
  assert.match(await lan.console('edgy', 'ss -Hltnp sport = :443'), /parleyd/);
  await (await come()).quit(); // who trusts no other certificate than the new one
  const log = await lan.console('edgy', 'journalctl -o cat -u parley-edge');
  assert.match(log, /the certificates were read again/);
});
