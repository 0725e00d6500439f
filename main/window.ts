import { readFileSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BrowserWindow, nativeTheme, protocol, type Rectangle, screen, session } from 'electron';
import * as v from 'valibot';
import { Theme } from '../shared/console-api/window.ts';
import { PAGE } from './ipc/trusted-sender.ts';

const FILES: Readonly<Record<string, string>> = {
  '/index.html': 'text/html; charset=utf-8',
  '/app.js': 'text/javascript; charset=utf-8',
  '/app.css': 'text/css; charset=utf-8',
};

const Remembered = v.object({
  theme: v.fallback(Theme, 'system'),
  bounds: v.fallback(
    v.nullable(v.object({ x: v.number(), y: v.number(), width: v.number(), height: v.number() })),
    null,
  ),
});
type Remembered = v.InferOutput<typeof Remembered>;

/** The page comes by a scheme of its own, three files and no more, so that it has an origin and no file:// rights. */
export function serveOwnPage(folder: string): void {
  protocol.handle('parley', async ({ url }) => {
    const { host, pathname } = new URL(url);
    const type = host === 'app' && Object.hasOwn(FILES, pathname) ? FILES[pathname] : undefined;
    if (type === undefined) return new Response(null, { status: 404 });
    return new Response(await readFile(join(folder, pathname)), { headers: { 'content-type': type } });
  });
  session.defaultSession.setPermissionRequestHandler((_contents, _permission, answer) => answer(false));
  session.defaultSession.setPermissionCheckHandler(() => false);
}

/** What the window remembers from one day to the next. */
export function openMemory(path: string) {
  let now: Remembered = { theme: 'system', bounds: null };
  try {
    now = v.parse(Remembered, JSON.parse(readFileSync(path, 'utf8')));
  } catch {
    // a first start, or a file that somebody else wrote: begin anew
  }
  return {
    get: () => now,
    set(change: Partial<Remembered>) {
      now = { ...now, ...change };
      writeFileSync(path, JSON.stringify(now));
    },
  };
}
export type Memory = ReturnType<typeof openMemory>;

export function openWindow(appDir: string, memory: Memory): BrowserWindow {
  const window = new BrowserWindow({
    ...boundsFor(memory.get().bounds),
    minWidth: 720,
    minHeight: 480,
    show: false,
    title: 'Parley',
    backgroundColor: nativeTheme.shouldUseDarkColors ? '#131518' : '#fafbfc',
    webPreferences: {
      preload: join(appDir, 'preload.cjs'),
      contextIsolation: true,
      sandbox: true,
      nodeIntegration: false,
      webviewTag: false,
      spellcheck: false,
    },
  });
  window.webContents.on('will-navigate', (event) => event.preventDefault());
  window.webContents.on('will-attach-webview', (event) => event.preventDefault());
  window.webContents.setWindowOpenHandler(() => ({ action: 'deny' }));
  window.once('ready-to-show', () => window.show());
  const remember = () => {
    if (!window.isMinimized() && !window.isFullScreen()) memory.set({ bounds: window.getBounds() });
  };
  window.on('close', remember);
  void window.loadURL(PAGE);
  return window;
}

/** Where it was, if a screen is still there. */
function boundsFor(last: Rectangle | null): Partial<Rectangle> & { useContentSize?: boolean } {
  const asked = /^(\d+)x(\d+)$/.exec(process.env['PARLEY_WINDOW_SIZE'] ?? '');
  if (asked) return { x: 0, y: 0, width: Number(asked[1]), height: Number(asked[2]), useContentSize: true };
  if (last === null) return { width: 1280, height: 800 };
  const { workArea } = screen.getDisplayMatching(last);
  const visible =
    last.x < workArea.x + workArea.width - 100 &&
    last.y < workArea.y + workArea.height - 100 &&
    last.x + last.width > workArea.x + 100 &&
    last.y >= workArea.y - 10;
  return visible ? last : { width: last.width, height: last.height };
}
