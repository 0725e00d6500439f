// Drives the window over several hosts, in their network. What only the machine can do is asked for by lines: `! off three`.
// usage: node cluster.window.ts KEYFILE ADDRESS ADDRESS ADDRESS ADDRESS
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { connect } from 'node:tls';
import { LineClient } from '../clients/line-client.ts';
import { launch } from '../electron/launch.ts';
import { clusterPage } from '../pages/cluster-page.ts';
import { domainPage } from '../pages/domain-page.ts';
import { provisionPage } from '../pages/provision-page.ts';

const [keyFile = '', one = '', two = '', three = '', four = ''] = process.argv.slice(2);
const DOMAIN = 'acme.example';
const pictures = join(import.meta.dirname, '..', 'artifacts', 'cluster');
const answers = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

/** Asks the test's own program, which is not shut up in the hosts' network. */
async function machine(what: string, host: string): Promise<void> {
  console.log(`! ${what} ${host}`);
  const { value } = await answers.next();
  assert.equal(value, 'done');
}

const window = await launch({ size: [1280, 800] });
const { page } = window;
page.setDefaultTimeout(30_000);
const provision = provisionPage(page);
const at = domainPage(page);
const nodes = clusterPage(page);
const shoot = (name: string) => window.shoot(pictures, name);
const clients: LineClient[] = [];
let certificate = '';

try {
  await wish();
  await keysAndVault();
  await plan();
  const people = await makePeople();
  certificate = await certificateOf(one);
  await machine('secrets', 'two');
  await machine('closed', 'four');
  await chatAndPowerCut(people);
  await oneHostMore(people);
} catch (error) {
  await shoot('99-failed').catch(() => undefined);
  console.log(
    await page
      .locator('main')
      .textContent()
      .catch(() => ''),
  );
  throw error;
} finally {
  await Promise.all(clients.map((it) => it.quit()));
  await window.close();
}
process.exit(0);

async function wish(): Promise<void> {
  await provision.button('Provision a domain').last().click();
  await provision.field('Domain').fill(DOMAIN);
  await provision.choose('Several hosts');
  await provision.field('First host').fill(`root@${one}`);
  await provision.field('Further hosts').fill(`root@${two}\nroot@${two}`);
  await provision.field('First host').focus();
  await page.getByText('One host is named twice').waitFor();
  await provision.field('Further hosts').fill(`root@${two}\nroot@${three}`);
  await provision.choose('Install it on the first three');
  await provision.choose('Key file');
  await provision.field('Private key').fill(keyFile);
  await provision.field('Domain').focus();
  await shoot('01-form');
  await provision.button('Look at the hosts').click();
}

async function keysAndVault(): Promise<void> {
  for (const nth of [1, 2, 3]) {
    await page.getByText(`host ${nth} of 3`).waitFor();
    await provision.key().waitFor();
    if (nth === 2) await shoot('02-host-key');
    await provision.button('Trust this key').click();
  }
  const vault = page.getByRole('form', { name: 'A vault for the passwords between the hosts' });
  await vault.waitFor();
  await vault.getByLabel('New passphrase').fill('a passphrase');
  await vault.getByLabel('Once more').fill('a passphrase');
  await shoot('03-vault');
  await vault.getByRole('button', { name: 'Answer', exact: true }).click();
}

async function plan(): Promise<void> {
  const go = provision.button(`Provision ${DOMAIN}`);
  await go.waitFor();
  await page.getByText('32 steps on 3 hosts').waitFor();
  await shoot('04-plan');
  await page.locator('.step-group').nth(5).scrollIntoViewIfNeeded();
  await shoot('05-plan-below');
  const asked = Date.now();
  await go.click();
  await page.locator('.step.running', { hasText: 'Install PostgreSQL' }).waitFor();
  await shoot('06-running');
  await page.locator('.step.running', { hasText: 'Upload parleyd' }).waitFor({ timeout: 120_000 });
  await shoot('07-running-upload');
  await page.getByText('What a client needs').waitFor({ timeout: 150_000 });
  console.log(`# three hosts were provisioned ${((Date.now() - asked) / 1000).toFixed(1)} s after the click`);
  await shoot('08-result');
}

async function makePeople(): Promise<Record<'anna' | 'bert' | 'carla', string>> {
  await provision.button('Add people').click();
  const people = { anna: '', bert: '', carla: '' };
  for (const name of ['anna', 'bert', 'carla'] as const) people[name] = await at.add(name);
  return people;
}

/** The one certificate that every node shows. */
async function certificateOf(address: string): Promise<string> {
  const shown = (host: string) =>
    new Promise<Buffer>((resolve, reject) => {
      const options = {
        host,
        port: 5223,
        servername: DOMAIN,
        rejectUnauthorized: false,
        ALPNProtocols: ['xmpp-client'],
      };
      const socket = connect(options, () => {
        resolve(socket.getPeerCertificate().raw);
        socket.destroy();
      });
      socket.once('error', reject);
    });
  const raw = await shown(address);
  for (const other of [two, three])
    assert.ok((await shown(other)).equals(raw), 'every node shows the same certificate');
  const file = join(window.data, 'cert.pem');
  const lines = raw.toString('base64').match(/.{1,64}/g) ?? [];
  writeFileSync(file, ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n'));
  return file;
}

function slixmpp(name: string, password: string, host: string): LineClient {
  const jid = `${name}@${DOMAIN}/slix`;
  const client = LineClient.slixmpp({ jid, password, host, port: 5222, how: 'starttls', certificate });
  clients.push(client);
  return client;
}

/** xmpp.js checks the certificate against the name it connects to, and there is no DNS here. */
function xmppJs(name: string, password: string, host: string): LineClient {
  const hosts = join(window.data, `hosts-${name}`);
  writeFileSync(hosts, `127.0.0.1 localhost\n${host} ${DOMAIN}\n`);
  const within = ['unshare', '-m', 'sh', '-c', 'mount --bind "$0" /etc/hosts && exec "$@"', hosts];
  const to = {
    jid: `${name}@${DOMAIN}/js`,
    password,
    host: DOMAIN,
    port: 5223,
    how: 'direct',
    certificate,
    within,
  } as const;
  const client = LineClient.xmppJs(to);
  clients.push(client);
  return client;
}

async function chatAndPowerCut(people: Awaited<ReturnType<typeof makePeople>>): Promise<void> {
  const anna = slixmpp('anna', people.anna, one);
  const bert = xmppJs('bert', people.bert, two);
  const carla = slixmpp('carla', people.carla, three);
  for (const it of [anna, bert, carla]) await it.hears(/^online/);
  anna.tell(`send bert@${DOMAIN} from node to node`);
  assert.match(await bert.hears(/^message/), /from node to node$/);
  bert.tell(`send carla@${DOMAIN} and on to the third`);
  assert.match(await carla.hears(/^message/), /and on to the third$/);
  anna.tell(`befriend carla@${DOMAIN}`);
  await anna.hears(/^presence carla@acme\.example\/slix available/);

  await at.tab('Cluster');
  for (const host of [one, two, three]) await nodes.row(host).filter({ hasText: 'reached' }).waitFor();
  await page.waitForFunction(() => document.querySelectorAll('table[aria-label=Links] tbody tr').length === 6);
  await nodes.choose('two');
  await shoot('09-cluster-well');

  await machine('off', 'three');
  const since = Date.now();
  await anna.hears(/^presence carla@acme\.example\/slix unavailable/);
  console.log(`# carla was shown unavailable ${((Date.now() - since) / 1000).toFixed(1)} s after the power cut`);
  const again = slixmpp('carla', people.carla, two);
  await again.hears(/^online/);
  anna.tell(`send carla@${DOMAIN} you are back`);
  assert.match(await again.hears(/^message/), /you are back$/);
  await nodes
    .row(three)
    .getByText(/unreachable/)
    .waitFor({ timeout: 60_000 });
  await page.getByText('2 of 3 nodes answer').first().waitFor();
  await page
    .getByRole('table', { name: 'Nodes that ended' })
    .getByText(/^fell silent; (one|two) withdrew its/)
    .waitFor();
  await nodes.choose('three');
  await shoot('10-cluster-degraded');
  await machine('on', 'three');
  await nodes.row(three).getByText(/^well/).waitFor({ timeout: 60_000 });
  await again.quit();
}

async function oneHostMore(people: Awaited<ReturnType<typeof makePeople>>): Promise<void> {
  await nodes.button('Add a node').click();
  await page.getByRole('heading', { name: `Add a node to ${DOMAIN}` }).waitFor();
  assert.match((await page.locator('.where').textContent()) ?? '', new RegExp(`^Fleet/${DOMAIN}/Add a node$`));
  await provision.field('Host').fill(`root@${four}`);
  await provision.choose('Key file');
  await provision.field('Private key').fill(keyFile);
  await shoot('11-add-node');
  await provision.button('Look at the host').click();
  await provision.key().waitFor();
  await provision.button('Trust this key').click();
  const go = provision.button(`Add a node to ${DOMAIN}`);
  await go.waitFor();
  await shoot('12-add-node-plan');
  await go.click();
  await page.getByText('What a client needs').waitFor({ timeout: 120_000 });
  await page.getByRole('heading', { name: `Add a node to ${DOMAIN}` }).waitFor();
  await shoot('12-node-added');
  const carla = slixmpp('carla', people.carla, four);
  await carla.hears(/^online/);
  await provision.button(`Go to the nodes of ${DOMAIN}`).click();
  await nodes.row(four).filter({ hasText: 'reached' }).waitFor();
  await nodes.choose('four');
  await shoot('13-four-nodes');

  await nodes.button('Drain four').click();
  await page.getByText('takes nobody in any more').waitFor({ timeout: 90_000 });
  await shoot('14-drained');
  await provision.button(`Go to the nodes of ${DOMAIN}`).click();
  await nodes.row(four).getByText('drained').waitFor();
  await nodes.row(four).filter({ hasText: /\b0\b/ }).waitFor();
  await nodes.choose('four');
  await shoot('15-draining');
  await nodes.button('Undrain four').click();
  await page.getByText('takes people in again').waitFor({ timeout: 60_000 });
  await shoot('15-undrained');
  const again = slixmpp('carla', people.carla, four);
  await again.hears(/^online/);
  await again.quit();
  await provision.button(`Go to the nodes of ${DOMAIN}`).click();
  await nodes.row(four).getByText(/^well/).waitFor();
  await nodes.choose('four');
  await nodes.button('Remove four').click();
  await shoot('16-remove');
  await nodes.confirm('four', 'Remove four');
  await page.getByText('3 are left').waitFor({ timeout: 90_000 });
  await shoot('17-removed');
  await machine('closed', 'four'); // again: while it was a node, it was let in
  await provision.button(`Go to the nodes of ${DOMAIN}`).click();
  await nodes.row(four).waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Fleet' }).first().click();
  await page.getByRole('grid', { name: 'Domains' }).waitFor();
  await shoot('18-fleet');
}
