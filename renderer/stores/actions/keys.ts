/** A key press, as far as shortcuts care. */
export interface Press {
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
  readonly shiftKey: boolean;
}

/** Whether a press is what a shortcut such as `mod+k`, `a`, `?` or `Delete` names. */
export function matches(shortcut: string, press: Press, mac: boolean): boolean {
  const parts = shortcut === '+' ? ['+'] : shortcut.split('+');
  const key = parts.at(-1) ?? '';
  const mod = parts.includes('mod');
  const shift = parts.includes('shift');
  const wantsMod = mac ? press.metaKey : press.ctrlKey;
  const other = mac ? press.ctrlKey : press.metaKey;
  if (wantsMod !== mod || other || press.altKey) return false;
  // `?` already means shift on most keyboards, and not on all
  if (key.length > 1 && press.shiftKey !== shift) return false;
  if (/^[a-z0-9]$/.test(key) && press.shiftKey !== shift) return false;
  return press.key.toLowerCase() === key.toLowerCase();
}

/** As people read it: `Ctrl K`, `⌘K`, `Del`. */
export function shown(shortcut: string, mac: boolean): string {
  const parts = shortcut.split('+');
  const names: Readonly<Record<string, string>> = {
    ...(mac ? { mod: '⌘', shift: '⇧' } : { mod: 'Ctrl', shift: 'Shift' }),
    ...{ Escape: 'Esc', Delete: 'Del', ArrowUp: '↑', ArrowDown: '↓', Space: 'Space' },
  };
  return parts.map((part) => names[part] ?? (part.length === 1 ? part.toUpperCase() : part)).join(mac ? '' : ' ');
}

/** As Electron writes accelerators in a menu. */
export const accelerator = (shortcut: string): string =>
  shortcut
    .split('+')
    .map((part) => (part === 'mod' ? 'CommandOrControl' : part.length === 1 ? part.toUpperCase() : part))
    .join('+');
