// The pictures of the README: a real fleet on test hosts, in the real window. Run as root on Debian:
// node e2e/pictures/readme.ts
import { spawn } from 'node:child_process';
import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { LineClient } from '../clients/line-client.ts';
import { launch } from '../electron/launch.ts';
import { Lan } from '../hosts/hosts.ts';

const FLEET = [
  ['acme.example', 'one', ['anna', 'bert', 'carla', 'deniz']],
  ['harbour-clinic.example', 'two', ['emil', 'fatima', 'georg']],
  ['linden-law.example', 'three', ['hanna', 'ivo']],
  ['north-school.example', 'four', ['jana', 'kemal', 'lena', 'mia', 'noor']],
] as const;
const PASSWORD = 'only-for-a-picture';
const images = join(import.meta.dirname, '..', '..', 'docs', 'images');
const artifacts = join(import.meta.dirname, '..', 'artifacts', 'readme');

if (process.argv[2] === 'window') await takePictures(JSON.parse(process.argv[3] ?? '{}'), process.argv[4] ?? '');
else await makeFleet();

async function makeFleet(): Promise<void> {
  const lan = new Lan();
  try {
    await lan.up(
      FLEET.map(([, host]) => host),
      '--user',
      'root',
      '--auth',
      'key',
    );
    const secret = lan.secret('password', PASSWORD);
    const ips: Record<string, string> = {};
    for (const [domain, name, people] of FLEET) {
      const host = await lan.add(name, 'root', '--key', lan.key);
      ips[domain] = await lan.ip(name);
      await lan.parley('provision', domain, '--host', host, '--yes');
      for (const person of people)
        await lan.parley('user', 'add', `${person}@${domain}`, '--new-password-file', secret);
      lan.secret(`${domain}.pem`, await lan.console(name, `cat /var/lib/parley/${domain}/cert.pem`));
    }
    const [program = '', ...within] = lan.within;
    const args = [...within, process.execPath, import.meta.filename, 'window', JSON.stringify(ips), lan.dir];
    await new Promise((resolve) => spawn(program, args, { env: lan.env, stdio: 'inherit' }).once('close', resolve));
  } finally {
    await lan.close();
  }
}

async function takePictures(ips: Record<string, string>, dir: string): Promise<void> {
  const clients = FLEET.flatMap(([domain, , people]) =>
    people.slice(0, -1).map((person) =>
      LineClient.slixmpp({
        ...{
          jid: `${person}@${domain}/${person === 'anna' ? 'desk' : 'phone'}`,
          password: PASSWORD,
          host: ips[domain] ?? '',
        },
        ...{ port: 5223, how: 'direct', certificate: join(dir, `${domain}.pem`) },
      }),
    ),
  );
  for (const client of clients) await client.hears(/^online/);
  const window = await launch({ data: join(dir, 'parley') });
  const { page } = window;
  await page.getByText('All 4 domains well').waitFor();
  await page.waitForTimeout(61_000); // what has just become well is green for a minute
  await window.shoot(artifacts, 'fleet');
  await page.getByRole('row').filter({ hasText: 'acme.example' }).dblclick();
  await page.keyboard.press('2');
  await page.getByRole('row').filter({ hasText: 'anna@acme.example' }).waitFor();
  await window.shoot(artifacts, 'domain');
  mkdirSync(images, { recursive: true });
  for (const name of ['fleet-light', 'fleet-dark', 'domain-light', 'domain-dark'])
    copyFileSync(join(artifacts, `${name}.png`), join(images, `${name}.png`));
  await window.close({ keep: true });
  for (const client of clients) await client.quit();
}
