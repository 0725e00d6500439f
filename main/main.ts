import { fork } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  app,
  type BrowserWindow,
  clipboard,
  dialog,
  nativeTheme,
  protocol,
  safeStorage,
  utilityProcess,
} from 'electron';
import { CHANNELS } from '../shared/console-api/window.ts';
import { createEngineClient, type EngineChannel } from './engine/engine-client.ts';
import { defaultDataDir, defaultSshHome } from './engine/paths.ts';
import { showMenu } from './ipc/menu.ts';
import { serveIpc } from './ipc/serve.ts';
import { openMemory, openWindow, serveOwnPage } from './window.ts';

const appDir = __dirname;
const dataDir = process.env['PARLEY_DATA'] ?? defaultDataDir();
mkdirSync(dataDir, { recursive: true, mode: 0o700 });
app.setPath('userData', join(dataDir, 'window'));
protocol.registerSchemesAsPrivileged([{ scheme: 'parley', privileges: { standard: true, secure: true } }]);

let window: BrowserWindow | undefined;
const GATHER_MS = 30;
let batch: [event: string, data: unknown][] = [];

/** A large fleet tells thousands of things a second: what comes within a moment travels as one. */
function tell(event: string, data: unknown): void {
  if (batch.push([event, data]) > 1) return;
  setTimeout(() => {
    const text = JSON.stringify(batch);
    batch = [];
    if (window !== undefined && !window.isDestroyed()) window.webContents.send(CHANNELS.event, text);
  }, GATHER_MS);
}

function openEngine(onMessage: (message: unknown) => void, onExit: (code: number | null) => void): EngineChannel {
  const entry = process.env['PARLEY_ENGINE_ENTRY'] ?? join(appDir, 'engine-process.mjs');
  const node = process.env['PARLEY_ENGINE_NODE'];
  if (node === undefined) {
    const child = utilityProcess.fork(entry, [], { serviceName: 'Parley engine' });
    child.on('message', onMessage);
    child.on('exit', onExit);
    return { send: (message) => child.postMessage(message), kill: () => child.kill() };
  }
  const { ELECTRON_RUN_AS_NODE: _own, ...env } = process.env;
  const child = fork(entry, [], { execPath: node, execArgv: [], serialization: 'advanced', env });
  child.on('message', onMessage);
  child.on('exit', onExit);
  return { send: (message) => void child.send(message), kill: () => child.kill('SIGKILL') };
}

function lockbox(action: 'encrypt' | 'decrypt', text: string): string | null {
  try {
    if (action === 'encrypt') return safeStorage.encryptString(text).toString('base64');
    return safeStorage.decryptString(Buffer.from(text, 'base64'));
  } catch {
    return null;
  }
}

/** On Linux, `basic_text` would lock nothing: a vault with a passphrase is better. */
function keychainThere(): boolean {
  if (!safeStorage.isEncryptionAvailable()) return false;
  return process.platform !== 'linux' || safeStorage.getSelectedStorageBackend?.() !== 'basic_text';
}

function begin(): void {
  serveOwnPage(join(appDir, 'renderer'));
  mkdirSync(app.getPath('userData'), { recursive: true, mode: 0o700 });
  const memory = openMemory(join(app.getPath('userData'), 'window.json'));
  const asked = process.env['PARLEY_THEME'];
  nativeTheme.themeSource = asked === 'light' || asked === 'dark' ? asked : memory.get().theme;
  const ssh = defaultSshHome();
  const engine = createEngineClient({
    open: openEngine,
    start: {
      kind: 'start',
      dataDir,
      releasesDir: app.isPackaged ? join(process.resourcesPath, 'node') : join(appDir, '..', 'node'),
      version: app.getVersion(),
      keychain: keychainThere(),
      home: { folder: ssh.folder, ...(ssh.agent === undefined ? {} : { agent: ssh.agent }) },
    },
    lockbox,
    onEvent: tell,
    onState: (state) => tell('window.engine', state),
  });
  serveIpc({
    page: () => window?.webContents,
    callEngine: engine.call,
    window: {
      'window.state': () => ({ engine: engine.state(), theme: memory.get().theme, platform: process.platform }),
      'window.theme': ({ theme }) => {
        nativeTheme.themeSource = theme;
        memory.set({ theme });
        return {};
      },
      'window.menu': ({ items }) => {
        showMenu(items, (id) => tell('window.command', { id }));
        return {};
      },
      'window.copy': ({ text }) => {
        clipboard.writeText(text);
        return {};
      },
      'window.chooseFile': async ({ title, what }) => {
        const options = {
          title,
          properties: ['openFile', 'showHiddenFiles'] as ('openFile' | 'showHiddenFiles')[],
          ...(what === 'ssh-key' ? { defaultPath: ssh.folder } : {}),
        };
        const { filePaths } = window ? await dialog.showOpenDialog(window, options) : { filePaths: [] };
        return { path: filePaths[0] ?? null };
      },
      'window.restartEngine': () => {
        engine.begin();
        return {};
      },
    },
  });
  engine.begin();

  const open = () => {
    window = openWindow(appDir, memory);
    window.on('closed', () => {
      window = undefined;
    });
  };
  open();
  app.on('activate', () => {
    if (window === undefined) open();
  });
  app.on('second-instance', () => {
    if (window?.isMinimized()) window.restore();
    window?.focus();
  });
  app.on('window-all-closed', () => app.quit());
  app.on('will-quit', (event) => {
    event.preventDefault();
    void engine.stop().then(() => app.exit(0));
  });
}

if (app.requestSingleInstanceLock()) void app.whenReady().then(begin);
else app.quit();
