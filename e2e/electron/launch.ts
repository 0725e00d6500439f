import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { _electron, type ElectronApplication, type Page } from 'playwright-core';
import { openDisplay } from './display.ts';
import { electronRuntime } from './runtime.ts';

const root = join(import.meta.dirname, '..', '..');

export interface Launched {
  readonly app: ElectronApplication;
  readonly page: Page;
  /** what the window looks like now, in light and in dark: FOLDER/NAME-light.png, FOLDER/NAME-dark.png */
  shoot(folder: string, name: string, themes?: readonly ('light' | 'dark')[]): Promise<void>;
  /** Parley's own folder in this launch */
  readonly data: string;
  /** ends it; `keep` leaves its folder for a next launch */
  close(how?: { readonly keep?: boolean }): Promise<void>;
}

export interface LaunchOptions {
  readonly theme?: 'light' | 'dark';
  readonly size?: readonly [width: number, height: number];
  /** stands in for the engine's program */
  readonly engine?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** the folder of an earlier launch, to come back to */
  readonly data?: string;
}

/** The real window, with a folder of its own and an engine of its own. */
export async function launch(options: LaunchOptions = {}): Promise<Launched> {
  const { executable, version, runsEngine } = electronRuntime();
  console.log(`# Electron ${version}`);
  const data = options.data ?? mkdtempSync(join(tmpdir(), 'parley-window-'));
  const [width, height] = options.size ?? [1280, 800];
  const display = await openDisplay();
  const app = await _electron.launch({
    colorScheme: null,
    executablePath: executable,
    args: ['--disable-gpu', '--force-device-scale-factor=1', root],
    cwd: root,
    env: {
      ...(process.env as Record<string, string>),
      DISPLAY: display.name,
      PARLEY_DATA: data,
      PARLEY_WINDOW_SIZE: `${width}x${height}`,
      PARLEY_THEME: options.theme ?? 'light',
      PARLEY_TEST_NODE: process.execPath,
      ...(runsEngine && !options.engine ? {} : { PARLEY_ENGINE_NODE: join(import.meta.dirname, 'engine-node') }),
      ...(options.engine ? { PARLEY_ENGINE_ENTRY: options.engine } : {}),
      ...options.env,
    },
  });
  const child = app.process();
  let closed = false;
  const page = await app.firstWindow();
  page.on('pageerror', (error) => console.log(`# page: ${error.stack ?? error.message}`));
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') console.log(`# page: ${message.text()}`);
  });
  return {
    app,
    page,
    data,
    async shoot(folder, name, themes = ['light', 'dark']) {
      mkdirSync(folder, { recursive: true });
      for (const theme of themes) {
        await app.evaluate(({ nativeTheme }, wanted) => {
          nativeTheme.themeSource = wanted;
        }, theme);
        await page.waitForFunction(
          (dark) => matchMedia('(prefers-color-scheme: dark)').matches === dark,
          theme === 'dark',
        );
        await page.screenshot({ path: join(folder, `${name}-${theme}.png`) });
      }
    },
    async close({ keep = false } = {}) {
      if (closed) return;
      closed = true;
      const timer = setTimeout(() => child.kill('SIGKILL'), 8000);
      await app.close();
      clearTimeout(timer);
      display.close();
      if (!keep) rmSync(data, { recursive: true, force: true });
    },
  };
}
