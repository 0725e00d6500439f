// What a page can do that is not ours, or that was taken over: nothing.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Launched, launch } from '../electron/launch.ts';

interface Bridge {
  call(method: string, params: unknown): Promise<{ fault?: { code: string; why: string } }>;
  window(method: string, params: unknown): Promise<{ fault?: { code: string } }>;
}
let window: Launched;
const LIMIT = { timeout: 60_000 };

before(async () => {
  window = await launch();
  await window.page.getByRole('button', { name: 'Provision a domain' }).waitFor();
});
after(() => window?.close());

const asked = (method: string, params: unknown) =>
  window.page.evaluate(
    ([method, params]) => (globalThis as unknown as { parley: Bridge }).parley.call(method, params),
    [method, params] as const,
  );

test('the page has no Node, and its bridge can not be changed', LIMIT, async () => {
  const found = await window.page.evaluate(() => {
    const all = globalThis as unknown as Record<string, unknown>;
    const parley = all['parley'] as Record<string, unknown>;
    try {
      parley['call'] = null;
    } catch {
      // a frozen one may throw
    }
    return [typeof all['require'], typeof all['process'], typeof parley['call'], Object.keys(parley).sort().join()];
  });
  assert.deepEqual(found, ['undefined', 'undefined', 'function', 'call,on,window']);
});

test('what is not in the contract is refused, and so is what does not fit it', LIMIT, async () => {
  assert.match((await asked('constructor', {})).fault?.why ?? '', /no method constructor/);
  assert.equal((await asked('hosts.add', { text: 7 })).fault?.code, 'bad-request');
  assert.equal((await asked('domains.list', { more: 1 })).fault?.code, 'bad-request');
  const other = await window.page.evaluate(() =>
    (globalThis as unknown as { parley: Bridge }).parley.window('window.copy', { text: 7 }),
  );
  assert.equal(other.fault?.code, 'bad-request');
});

test('it goes nowhere, opens nothing, and runs no script but its own', LIMIT, async () => {
  const { page, app } = window;
  await page.evaluate(() => {
    location.href = 'https://example.org/';
    open('https://example.org/');
    const script = document.createElement('script');
    script.textContent = 'globalThis.taken = true';
    document.body.append(script);
  });
  await page.waitForTimeout(300);
  assert.equal(page.url(), 'parley://app/index.html');
  assert.equal(await app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows().length), 1);
  assert.equal(await page.evaluate(() => (globalThis as unknown as { taken?: boolean }).taken), undefined);
  await assert.rejects(page.evaluate(() => fetch('parley://app/main.cjs').then(() => undefined)));
});

test('another window has no bridge, and no page gets a permission', LIMIT, async () => {
  const { page, app } = window;
  await app.evaluate(async ({ BrowserWindow }) => {
    const other = new BrowserWindow({ show: false });
    await other.loadURL('parley://app/index.html');
    const has = await other.webContents.executeJavaScript('typeof parley');
    other.destroy();
    if (has !== 'undefined') throw new Error('another window has the bridge');
  });
  assert.equal(await page.evaluate(() => Notification.requestPermission()), 'denied');
});

test('twice as large, or in a small window, nothing scrolls sideways', LIMIT, async () => {
  const { page, app } = window;
  const wide = () => page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  const zoom = (factor: number) =>
    app.evaluate(({ BrowserWindow }, to) => BrowserWindow.getAllWindows()[0]?.webContents.setZoomFactor(to), factor);
  await page.keyboard.press('Control+n');
  await zoom(2);
  await page.waitForTimeout(200);
  assert.ok((await wide()) <= 0);
  await zoom(1);
});
