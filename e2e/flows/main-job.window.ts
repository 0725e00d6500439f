// Drives the window through the main job, in the network of the test hosts.
// usage: node main-job.window.ts mouse|keyboard ADDRESS KEYFILE
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { LineClient } from '../clients/line-client.ts';
import { launch } from '../electron/launch.ts';
import { PASSWORD } from '../hosts/hosts.ts';
import { domainPage } from '../pages/domain-page.ts';
import { provisionPage } from '../pages/provision-page.ts';

const [how = 'mouse', address = '', keyFile = ''] = process.argv.slice(2);
const keyboard = how === 'keyboard';
const domain = keyboard ? 'keys.example' : 'acme.example';
const pictures = join(import.meta.dirname, '..', 'artifacts', keyboard ? 'main-job-keyboard' : 'main-job');

const window = await launch();
const { page } = window;
page.setDefaultTimeout(20_000);
const provision = provisionPage(page);
const at = domainPage(page);
const type = (text: string) => page.keyboard.type(text);
const press = (...keys: string[]) =>
  keys.reduce((before, key) => before.then(() => page.keyboard.press(key)), Promise.resolve());
const shoot = (name: string) => window.shoot(pictures, name);

try {
  await page.getByRole('button', { name: 'Provision a domain' }).waitFor();
  await shoot('01-first-run');
  const asked = keyboard ? await askByKeys() : await askByMouse();
  await page.getByText('What a client needs').waitFor({ timeout: 120_000 });
  const ran = (Date.now() - asked) / 1000;
  await shoot('06-result');
  const certificate = await certificateOf(await provision.fingerprint());

  if (keyboard) await press('a');
  else await provision.button('Add people').click();
  const people = { anna: '', bert: '' };
  if (keyboard) {
    await page.getByLabel('Add a person', { exact: true }).waitFor();
    for (const name of ['anna', 'bert'] as const) {
      await type(name);
      await press('Enter');
      people[name] = await at.passwordOf(name);
    }
  } else for (const name of ['anna', 'bert'] as const) people[name] = await at.add(name);
  await shoot('07-people');
  await chat(certificate, people, asked, ran);
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
  await window.close();
}

async function askByMouse(): Promise<number> {
  await provision.button('Provision a domain').last().click();
  await provision.field('Host').fill('not a host at all');
  await provision.field('Domain').fill('Acme.example');
  await provision.field('Host').focus();
  await page.getByText('Write it in small letters: acme.example.').waitFor();
  await shoot('02-form-checked');
  await provision.fill(domain, `ssh root@${address} -p 22`);
  await provision.button('Look at the host').click();
  await provision.key().waitFor();
  await provision.button('Show randomart').click();
  await shoot('03-host-key');
  await provision.button('Trust this key').click();
  // no agent and no key in its home: Parley asks, in the page
  await page.getByRole('form', { name: /Password of/ }).waitFor();
  await shoot('04-password');
  await provision.answer(/Password of/, PASSWORD);
  const go = provision.button(`Provision ${domain}`);
  await go.waitFor();
  await shoot('05-plan');
  const asked = Date.now();
  await go.click();
  await page.locator('.step.running').first().waitFor();
  await shoot('05-running');
  return asked;
}

async function askByKeys(): Promise<number> {
  await press('Control+n');
  await page.getByLabel('Domain', { exact: true }).waitFor();
  await type(domain);
  await press('Tab');
  await type(`root@${address}`);
  await press('Tab', 'ArrowRight', 'ArrowRight', 'Tab');
  await type(keyFile);
  await press('Enter');
  await provision.key().waitFor();
  await shoot('03-host-key');
  await press('Control+Enter');
  await page.getByRole('button', { name: `Provision ${domain}` }).waitFor();
  await shoot('05-plan');
  const asked = Date.now();
  await press('Enter');
  return asked;
}

/** The certificate that the host shows, if it is the one whose fingerprint is on the screen. */
async function certificateOf(fingerprint: string): Promise<string> {
  const raw = await new Promise<Buffer>((resolve, reject) => {
    const socket = connect(
      { host: address, port: 5223, servername: domain, rejectUnauthorized: false, ALPNProtocols: ['xmpp-client'] },
      () => {
        resolve(socket.getPeerCertificate().raw);
        socket.destroy();
      },
    );
    socket.once('error', reject);
  });
  assert.equal(createHash('sha256').update(raw).digest('hex'), fingerprint);
  const file = join(window.data, 'cert.pem');
  const lines = raw.toString('base64').match(/.{1,64}/g) ?? [];
  writeFileSync(file, ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n'));
  return file;
}

async function chat(certificate: string, people: { anna: string; bert: string }, asked: number, ran: number) {
  // xmpp.js checks the certificate against the name it connects to, and there is no DNS here
  const hosts = join(window.data, 'hosts');
  writeFileSync(hosts, `127.0.0.1 localhost\n${address} ${domain}\n`);
  const within = ['unshare', '-m', 'sh', '-c', 'mount --bind "$0" /etc/hosts && exec "$@"', hosts];
  const slix = LineClient.slixmpp({
    jid: `anna@${domain}/slix`,
    password: people.anna,
    host: address,
    port: 5222,
    how: 'starttls',
    certificate,
  });
  const js = LineClient.xmppJs({
    jid: `bert@${domain}/js`,
    password: people.bert,
    host: domain,
    port: 5223,
    how: 'direct',
    certificate,
    within,
  });
  try {
    await slix.hears(/^online/);
    const first = (Date.now() - asked) / 1000;
    await js.hears(/^online/);
    console.log(
      `# ${how}: provisioned ${ran.toFixed(1)} s after the click, first client logged in ${first.toFixed(1)} s after it`,
    );
    slix.tell(`send bert@${domain} Grüße aus dem Fenster`);
    assert.match(await js.hears(/^message/), /Grüße aus dem Fenster$/);
    js.tell(`send anna@${domain} and back`);
    assert.match(await slix.hears(/^message/), /and back$/);
    if (keyboard) await press('Escape', '2');
    else await at.tab('Sessions');
    await at.row(`anna@${domain}/slix`).waitFor();
    await at.row(`bert@${domain}/js`).waitFor();
    await shoot('08-sessions');
    if (keyboard) await press('3');
    else await at.tab('Log');
    await shoot('09-log');
    if (keyboard) await press('4');
    else await at.tab('Connection');
    await shoot('10-connection');
    await js.quit();
    if (keyboard) await press('2');
    else await at.tab('Sessions');
    await at.row(`bert@${domain}/js`).waitFor({ state: 'detached' });
    await press('Escape');
    await page.getByRole('grid', { name: 'Domains' }).waitFor();
    await shoot('11-fleet');
  } finally {
    await Promise.all([slix.quit(), js.quit()]);
  }
}
