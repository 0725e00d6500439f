// Every screen in the states that matter, light and dark, small and large: a picture of each, and axe finds nothing.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { type Launched, launch } from '../electron/launch.ts';

const pictures = join(import.meta.dirname, '..', 'artifacts', 'window');
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const LIMIT = { timeout: 90_000 };
const SIZES = [
  ['small', [1280, 800]],
  ['large', [2560, 1440]],
] as const;

interface Violation {
  readonly id: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
}

/** A picture in each theme, with axe's word on it; and nothing is wider than the window. */
async function see(window: Launched, name: string): Promise<void> {
  const { page } = window;
  for (const theme of ['light', 'dark'] as const) {
    await window.shoot(pictures, name, [theme]);
    await page.evaluate(axe);
    const found = await page.evaluate(async () => {
      const { axe } = globalThis as unknown as { axe: { run(): Promise<{ violations: Violation[] }> } };
      return (await axe.run()).violations;
    });
    const words = found.flatMap(({ id, nodes }) =>
      nodes.map((it) => `${id}: ${it.html.slice(0, 160)} ${it.failureSummary}`),
    );
    assert.deepEqual(words, [], `${name}, ${theme}`);
  }
  const wide = await page.evaluate(() => {
    const tooWide = [...document.querySelectorAll('main, .top, .rail')].filter(
      (el) => el.scrollWidth > el.clientWidth + 1,
    );
    return tooWide.map((el) => el.className || el.tagName);
  });
  assert.deepEqual(wide, [], `${name}: scrolls sideways`);
}

const grid = (page: Page) => page.getByRole('grid', { name: 'Domains' });
const open = async (page: Page, name: string) => {
  await page.keyboard.press('Control+k');
  await page.keyboard.type(name);
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { level: 1, name }).waitFor();
};

async function withState(state: string, size: readonly [number, number], look: (window: Launched) => Promise<void>) {
  const window = await launch({
    size,
    engine: join(import.meta.dirname, '..', 'fixtures', 'fixture-engine.ts'),
    env: { FIXTURE_STATE: state },
  });
  window.page.setDefaultTimeout(15_000);
  try {
    await look(window);
  } catch (error) {
    await window.shoot(pictures, `failed-${state}`, ['light']).catch(() => undefined);
    throw error;
  } finally {
    await window.close();
  }
}

for (const [size, pixels] of SIZES) {
  test(`${size}: empty`, LIMIT, () =>
    withState('empty', pixels, async (window) => {
      await window.page.getByRole('button', { name: 'Provision a domain' }).waitFor();
      await see(window, `${size}-empty`);
      await window.page.keyboard.press('Control+n');
      await window.page.keyboard.press('Control+Enter');
      await window.page.getByText('Type the domain that people').waitFor();
      await see(window, `${size}-form-problems`);
    }),
  );

  test(`${size}: typical, 30 domains`, LIMIT, () =>
    withState('typical', pixels, async (window) => {
      const { page } = window;
      await grid(page).focus();
      await see(window, `${size}-fleet-30`);
      await page.keyboard.press('ArrowDown');
      await page.keyboard.press('Space');
      await page.getByRole('complementary').waitFor();
      await see(window, `${size}-fleet-30-peek`);
      await page.keyboard.press('Control+k');
      await page.keyboard.type('acme');
      await see(window, `${size}-palette`);
      await page.keyboard.press('Escape');
      await page.keyboard.press('?');
      await see(window, `${size}-keys`);
      await page.keyboard.press('Escape');
      await open(page, 'acme.example');
      await page.getByRole('row').filter({ hasText: 'anna' }).first().waitFor();
      for (const [key, tab] of [
        ['1', 'people'],
        ['2', 'sessions'],
        ['3', 'log'],
        ['4', 'connection'],
        ['5', 'cluster-one-node'],
      ] as const) {
        await page.keyboard.press(key);
        await see(window, `${size}-domain-${tab}`);
      }
      await page.keyboard.press('4');
      await page.getByRole('button', { name: 'Remove acme.example' }).click();
      await see(window, `${size}-domain-remove`);
      await page.keyboard.press('Escape');
      await open(page, 'harbour-clinic.example');
      await page.getByText('Nobody has an account yet').waitFor();
      await see(window, `${size}-domain-empty`);
      await page.getByRole('button', { name: /^Provisioning kiln/ }).click();
      await page.locator('.step.running').waitFor();
      await see(window, `${size}-run`);
    }),
  );

  test(`${size}: domains over several hosts`, LIMIT, () =>
    withState('typical', pixels, async (window) => {
      const { page } = window;
      await grid(page).focus();
      await open(page, 'north-school.example');
      await page.keyboard.press('5');
      await page.getByRole('radio', { name: 'berta', exact: true }).check();
      await see(window, `${size}-cluster-well`);
      const below = async () => page.getByRole('heading', { name: /^Edges/ }).scrollIntoViewIfNeeded();
      await below();
      await see(window, `${size}-cluster-well-below`);
      await page.getByRole('button', { name: 'Add a node' }).click();
      await page.getByRole('heading', { name: 'Add a node to north-school.example' }).waitFor();
      assert.equal(await page.locator('.where').textContent(), 'Fleet/north-school.example/Add a node');
      await see(window, `${size}-cluster-add-node`);
      await page.locator('.where').getByRole('button', { name: 'north-school.example' }).click();
      await page.getByRole('table', { name: 'Nodes', exact: true }).waitFor();
      await open(page, 'linden-law.example');
      await page.keyboard.press('5');
      await page.getByRole('radio', { name: 'cilli', exact: true }).check();
      await see(window, `${size}-cluster-degraded`);
      await below();
      await page
        .getByRole('table', { name: 'Edges' })
        .getByText(/^cut off for/)
        .waitFor();
      await see(window, `${size}-cluster-degraded-below`);
      await open(page, 'vega-rail.example');
      await page.keyboard.press('5');
      await page.getByText('Links between nodes appear here').waitFor();
      await see(window, `${size}-cluster-not-heard`);
    }),
  );

  test(`${size}: full, 500 domains`, LIMIT, () =>
    withState('full', pixels, async (window) => {
      await grid(window.page).focus();
      await see(window, `${size}-fleet-500`);
      await open(window.page, 'acme.example');
      await window.page.getByRole('row').filter({ hasText: 'anna' }).first().waitFor();
      await see(window, `${size}-domain-4000-people`);
    }),
  );

  test(`${size}: stale`, LIMIT, () =>
    withState('stale', pixels, async (window) => {
      await grid(window.page).focus();
      await see(window, `${size}-fleet-stale`);
      await open(window.page, 'acme.example');
      await window.page.keyboard.press('2');
      await see(window, `${size}-domain-stale`);
    }),
  );

  test(`${size}: failing`, LIMIT, () =>
    withState('failing', pixels, async (window) => {
      const { page } = window;
      await grid(page).focus();
      await page.keyboard.press('Control+n');
      await page.keyboard.type('kiln.example');
      await page.keyboard.press('Tab');
      await page.keyboard.type('root@203.0.113.5');
      await page.keyboard.press('Control+Enter');
      await page.getByText('shows another key than before').waitFor();
      await see(window, `${size}-key-changed`);
    }),
  );
}

test('a plan that a finding stops, and a failed run with its reason', LIMIT, () =>
  withState('typical', [1280, 800], async (window) => {
    const { page } = window;
    await grid(page).focus();
    await page.keyboard.press('Control+n');
    await page.keyboard.type('kiln.example');
    await page.keyboard.press('Tab');
    await page.keyboard.type('root@203.0.113.5');
    await page.keyboard.press('Control+Enter');
    await page.getByText('Port 5222 is taken').waitFor();
    await see(window, 'small-plan-stopped');
  }),
);

test('when the engine dies, what was known stays, and it can be started again', LIMIT, () =>
  withState('typical', [1280, 800], async (window) => {
    const { page, app } = window;
    await grid(page).focus();
    const pid = await app.evaluate(() => {
      const get = process as unknown as { _getActiveHandles(): { pid?: number }[] };
      return get._getActiveHandles().find((it) => typeof it.pid === 'number')?.pid;
    });
    assert.ok(pid);
    process.kill(pid, 'SIGKILL');
    await page.getByText("Parley's engine has stopped").waitFor();
    assert.ok(await page.getByRole('row').filter({ hasText: 'acme.example' }).count());
    await see(window, 'small-engine-lost');
    await page.getByRole('button', { name: 'Start the engine' }).click();
    await page.getByText("Parley's engine has stopped").waitFor({ state: 'detached' });
    await page.getByText(/of 30 domains well/).waitFor();
  }),
);

test('ten thousand domains: the table walks, sorts and filters without a stutter', LIMIT, () =>
  withState('huge', [1280, 800], async (window) => {
    const { page } = window;
    await grid(page).focus();
    const slowest = await page.evaluate(async () => {
      const table = document.querySelector('[role=grid]');
      let [last, worst] = [performance.now(), 0];
      for (let i = 0; i < 60; i++) {
        if (table) table.scrollTop += 900;
        await new Promise(requestAnimationFrame);
        const at = performance.now();
        worst = Math.max(worst, at - last);
        last = at;
      }
      return worst;
    });
    console.log(`# slowest frame while scrolling 10,000 rows: ${slowest.toFixed(0)} ms`);
    assert.ok((await page.getByRole('row').count()) < 80);
    await page.keyboard.press('End');
    await page.keyboard.press('/');
    await page.keyboard.type('acme-99.example');
    await page.getByRole('row').filter({ hasText: 'acme-99.example' }).waitFor({ timeout: 60_000 });
  }),
);

test('a failed step says what was tried, in the words of the host, and what to do', LIMIT, () =>
  withState('failing', [1280, 800], async (window) => {
    const { page } = window;
    await grid(page).focus();
    await page.keyboard.press('Control+k');
    await page.keyboard.type('kiln');
    await page.keyboard.press('Enter');
    await page.getByText('No space left on device').waitFor();
    await see(window, 'small-run-failed');
    await page.getByRole('button', { name: 'Undo' }).waitFor();
    await page.getByRole('button', { name: 'Try again' }).click();
    assert.equal(await page.getByLabel('Domain', { exact: true }).inputValue(), 'kiln.example');
    assert.equal(await page.getByLabel('Host', { exact: true }).inputValue(), 'root@203.0.113.5');
  }),
);
