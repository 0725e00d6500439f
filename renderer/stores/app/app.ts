import { create } from 'zustand';
import type { AppInfo } from '../../../shared/console-api/app.ts';
import type { EngineState, Theme } from '../../../shared/console-api/window.ts';
import { type Fault, faultOf } from '../../../shared/errors.ts';
import { call, callWindow, onWindow } from '../../api.ts';

interface AppState {
  readonly info: AppInfo | null;
  readonly engine: EngineState;
  readonly theme: Theme;
  readonly platform: string;
  /** what happened last, for who can't see it and as a line at the foot of the page */
  readonly notice: { readonly text: string; readonly at: number } | null;
  /** a failure that belongs to no field and no step */
  readonly fault: Fault | null;
}

export const useApp = create<AppState>()(() => ({
  info: null,
  engine: { state: 'starting' },
  theme: 'system',
  platform: 'linux',
  notice: null,
  fault: null,
}));

/** Listens to the engine's state; `onReady` runs at its start and after each restart. */
export async function startApp(onReady: () => void): Promise<void> {
  const take = (engine: EngineState) => {
    const before = useApp.getState().engine.state;
    useApp.setState({ engine });
    if (engine.state !== 'ready' || before === 'ready') return;
    void call('app.info', {}).then((info) => useApp.setState({ info }), tellFault);
    onReady();
  };
  onWindow('window.engine', take);
  const { engine, theme, platform } = await callWindow('window.state', {});
  useApp.setState({ theme, platform });
  take(engine);
}

export const restartEngine = () => callWindow('window.restartEngine', {}).catch(tellFault);

const THEMES: readonly Theme[] = ['system', 'light', 'dark'];

export function nextTheme(): void {
  const theme = THEMES[(THEMES.indexOf(useApp.getState().theme) + 1) % THEMES.length] ?? 'system';
  useApp.setState({ theme });
  void callWindow('window.theme', { theme });
  tell(theme === 'system' ? 'Colours follow the system.' : `Colours are ${theme}.`);
}

/** Copies, and says what was copied. */
export function copy(text: string, what: string): void {
  void callWindow('window.copy', { text }).then(() => tell(`Copied ${what}.`), tellFault);
}

export const chooseFile = (title: string, what: 'ssh-key' | 'pem' | 'any'): Promise<string | null> =>
  callWindow('window.chooseFile', { title, what }).then((answer) => answer.path);

const NOTICE_MS = 10_000;

export function tell(text: string): void {
  const notice = { text, at: Date.now() };
  useApp.setState({ notice });
  setTimeout(() => useApp.setState((now) => (now.notice === notice ? { notice: null } : {})), NOTICE_MS);
}

export const tellFault = (thrown: unknown): void => useApp.setState({ fault: faultOf(thrown) });
export const dismissFault = (): void => useApp.setState({ fault: null });
