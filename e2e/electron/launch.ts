import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { _electron, type ElectronApplication, type Page } from 'playwright-core';
import { electronRuntime } from './runtime.ts';

const root = join(import.meta.dirname, '..', '..');

export interface Launched {
  readonly app: ElectronApplication;
  readonly page: Page;
  /** Parley's own folder in this launch */
  readonly data: string;
  close(): Promise<void>;
}

export interface LaunchOptions {
  readonly theme?: 'light' | 'dark';
  readonly size?: readonly [width: number, height: number];
  /** stands in for the engine's program */
  readonly engine?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** a folder of an earlier launch, to come back to; it is then the caller's to remove */
  readonly data?: string;
}

/** The real window, with a folder of its own and an engine of its own. */
export async function launch(options: LaunchOptions = {}): Promise<Launched> {
  const { executable, version, runsEngine } = electronRuntime();
  console.log(`# Electron ${version}`);
  const own = options.data === undefined;
  const data = options.data ?? mkdtempSync(join(tmpdir(), 'parley-window-'));
  const [width, height] = options.size ?? [1280, 800];
  const app = await _electron.launch({
    executablePath: executable,
    args: ['--disable-gpu', '--force-device-scale-factor=1', root],
    cwd: root,
    env: {
      ...(process.env as Record<string, string>),
      PARLEY_DATA: data,
      PARLEY_WINDOW_SIZE: `${width}x${height}`,
      PARLEY_THEME: options.theme ?? 'light',
      ...(runsEngine ? {} : { PARLEY_ENGINE_NODE: process.execPath }),
      ...(options.engine ? { PARLEY_ENGINE_ENTRY: options.engine, PARLEY_ENGINE_NODE: process.execPath } : {}),
      ...options.env,
    },
  });
  const page = await app.firstWindow();
  page.on('pageerror', (error) => console.log(`# page: ${error.stack ?? error.message}`));
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') console.log(`# page: ${message.text()}`);
  });
  return {
    app,
    page,
    data,
    async close() {
      await app.close();
      if (own) rmSync(data, { recursive: true, force: true });
    },
  };
}
