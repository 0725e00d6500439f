import { create } from 'zustand';
import type { MenuItem } from '../../../shared/console-api/window.ts';
import { callWindow } from '../../api.ts';
import { accelerator, matches, type Press, shown } from './keys.ts';

/** Something the operator can do: menu, shortcut, palette and button all show this one value. */
export interface Action {
  readonly id: string;
  /** a verb with its object */
  readonly label: string;
  /** such as `mod+k`, `a` or `Delete`; null: none */
  readonly keys: string | null;
  /** false: it can't be done now */
  readonly enabled: boolean;
  readonly perform: () => void;
  readonly menu?: MenuItem['menu'];
}

interface ActionsState {
  /** what each part of the window offers now, the innermost last */
  readonly scopes: Readonly<Record<string, readonly Action[]>>;
}

export const useActions = create<ActionsState>()(() => ({ scopes: {} }));

export const allActions = (scopes: ActionsState['scopes']): Action[] => Object.values(scopes).flat();

/** Offers actions for as long as the part that offers them is shown. */
export function offer(scope: string, actions: readonly Action[]): () => void {
  useActions.setState(({ scopes }) => ({ scopes: { ...scopes, [scope]: actions } }));
  sendMenu();
  return () => {
    useActions.setState(({ scopes: { [scope]: _gone, ...scopes } }) => ({ scopes }));
    sendMenu();
  };
}

/** The action that a key press means; keys without Ctrl or Cmd are text while somebody types. */
export function actionFor(press: Press, typing: boolean, mac: boolean): Action | undefined {
  return allActions(useActions.getState().scopes)
    .reverse()
    .find(
      ({ keys, enabled }) =>
        keys !== null && enabled && matches(keys, press, mac) && (!typing || keys.includes('mod+')),
    );
}

export const perform = (id: string): void =>
  allActions(useActions.getState().scopes)
    .find((action) => action.id === id && action.enabled)
    ?.perform();

export const onMac = (): boolean => navigator.platform.startsWith('Mac');

/** An action as a button shows it. */
export const pressable = ({ keys, enabled, perform: onPress }: Action) => ({
  onPress,
  disabled: !enabled,
  keys: keys === null ? null : shown(keys, onMac()),
});

export const keysText = (keys: string): string => shown(keys, onMac());

let pending = false;
let lastSent = '';

/** The menu is told once for all that changed in one turn. */
function sendMenu(): void {
  if (pending) return;
  pending = true;
  setTimeout(() => {
    pending = false;
    const items = allActions(useActions.getState().scopes).flatMap(({ id, label, keys, enabled, menu }): MenuItem[] =>
      menu === undefined ? [] : [{ id, menu, label, enabled, accelerator: keys === null ? null : accelerator(keys) }],
    );
    const text = JSON.stringify(items);
    if (text === lastSent) return;
    lastSent = text;
    void callWindow('window.menu', { items });
  }, 50);
}
