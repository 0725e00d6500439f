// With no host at hand: one click runs a domain on this computer, by the same plan and steps; and takes it off again.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { launch } from '../electron/launch.ts';
import { domainPage } from '../pages/domain-page.ts';
import { provisionPage } from '../pages/provision-page.ts';

const pictures = join(import.meta.dirname, '..', 'artifacts', 'demo');

test('the demo in one click, remembered in the next sitting, removed by its name', { timeout: 180_000 }, async () => {
  let window = await launch();
  try {
    await provisionPage(window.page).button('Run demo.localhost on this computer').click();
    await window.page.getByText('their passwords are shown this once').waitFor({ timeout: 60_000 });
    assert.match((await window.page.locator('.passwords').textContent()) ?? '', /alice@demo\.localhost/);
    await window.shoot(pictures, '1-result');
    await provisionPage(window.page).button('Add people').click();
    assert.match(await domainPage(window.page).add('carla'), /^(\w{4}-){3}\w{4}$/);
    await domainPage(window.page).row('alice').click();
    await window.page.keyboard.press('s');
    await window.page.getByText('▲ suspended').waitFor();
    await window.page.keyboard.press('s');
    await window.page.getByText('▲ suspended').waitFor({ state: 'detached' });
    await window.page.keyboard.press('p');
    await window.page.locator('.passwords tr', { hasText: /^alice@/ }).waitFor();
    await window.page.keyboard.press('Delete');
    await window.page.getByLabel('Type alice to confirm').fill('alice');
    await window.page.keyboard.press('Enter');
    await domainPage(window.page).row('alice').waitFor({ state: 'detached' });
    await window.shoot(pictures, '2-people');

    const { data } = window;
    await window.close({ keep: true });
    window = await launch({ data });
    await domainPage(window.page).row('demo.localhost').dblclick();
    await window.page.getByText(/^well/).waitFor();
    await window.page.keyboard.press('4');
    await provisionPage(window.page).button('Remove demo.localhost').click();
    await window.page.getByLabel('Type demo.localhost to confirm').fill('demo.localhost');
    await window.page.keyboard.press('Enter');
    await window.page.getByText('nothing of it is left there').waitFor({ timeout: 30_000 });
    await window.shoot(pictures, '3-removed');
    await window.page.keyboard.press('Control+1');
    await provisionPage(window.page).button('Run demo.localhost on this computer').waitFor();
  } catch (error) {
    console.log(error);
    await window.shoot(pictures, '9-failed', ['light']).catch(() => undefined);
    throw error;
  } finally {
    await window.close();
  }
});
