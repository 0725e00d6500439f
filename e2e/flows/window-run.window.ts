// Drives the window through a run's ups and downs. usage: node window-run.window.ts ADDRESS KEYFILE
// Says `cut` and `heal` on stdout when the network is to change, and waits for a line.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { launch } from '../electron/launch.ts';
import { domainPage } from '../pages/domain-page.ts';
import { provisionPage } from '../pages/provision-page.ts';

const [address = '', keyFile = ''] = process.argv.slice(2);
const domain = 'run.example';
const pictures = join(import.meta.dirname, '..', 'artifacts', 'window-run');
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const outside = async (what: 'cut' | 'heal') => {
  console.log(what);
  await lines.next();
};

const window = await launch();
const { page } = window;
const provision = provisionPage(page);
page.setDefaultTimeout(20_000);
const running = page.locator('.step.running');

try {
  await page.getByRole('button', { name: 'Provision a domain' }).waitFor();
  await page.keyboard.press('Control+n');
  await provision.fill(domain, `root@${address}`);
  await provision.choose('Key file');
  await provision.field('Private key').fill(keyFile);
  await provision.button('Look at the host').click();
  await provision.key().waitFor();
  await page.keyboard.press('Control+Enter');
  await provision.button(`Provision ${domain}`).waitFor();
  await page.keyboard.press('Control+Enter');
  await running.filter({ hasText: '/s' }).waitFor();
  await window.shoot(pictures, '1-upload');

  const asked = Date.now();
  await page.keyboard.press('c');
  await page.getByText('You cancelled it.').waitFor();
  console.log(`# cancelled ${Date.now() - asked} ms after the key`);
  await window.shoot(pictures, '2-cancelled');

  await page.keyboard.press('r');
  await page.getByText('What a client needs').waitFor({ timeout: 60_000 });
  assert.ok(await page.locator('.step.skipped', { hasText: 'Make the system user' }).count());
  await window.shoot(pictures, '3-again');

  await page.keyboard.press('a');
  const at = domainPage(page);
  const password = await at.add('anna');
  assert.match(password, /-/);
  await outside('cut');
  await page.getByText(/^unreachable for/).waitFor({ timeout: 60_000 });
  assert.ok(await at.row('anna').count());
  await window.shoot(pictures, '4-lost');
  await outside('heal');
  await page.getByText(/^well for/).waitFor({ timeout: 60_000 });
  await at.row('anna').click();
  await page.keyboard.press('Delete');
  await page.getByLabel('Type anna to confirm').fill('anna');
  await page.keyboard.press('Enter');
  await at.row('anna').waitFor({ state: 'detached' });

  await page.keyboard.press('Control+k');
  await page.keyboard.type('show the last run');
  await page.keyboard.press('Enter');
  await page.getByText('What a client needs').waitFor();
  await page.keyboard.press('u');
  await page.getByText('is taken back').waitFor();
  await window.shoot(pictures, '5-undone');
  // the run that was cancelled had made the user and the folders
  await provision.button('Take back the run before it').waitFor();
  await page.keyboard.press('u');
  await page.locator('.step.undone', { hasText: 'Make the system user' }).waitFor();
  await provision.button('Go to the fleet').click();
  await provision.button('Provision a domain').waitFor();
} catch (error) {
  await window.shoot(pictures, '9-failed', ['light']).catch(() => undefined);
  console.log(await page.locator('main').textContent());
  throw error;
} finally {
  await window.close();
}
process.exit(0);
