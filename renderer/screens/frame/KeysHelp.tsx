import { useEffect, useRef } from 'react';
import { Button } from '../../components/Button.tsx';
import { allActions, keysText, useActions } from '../../stores/actions/actions.ts';

const ALWAYS: readonly (readonly [string, string])[] = [
  ['Esc', 'Go back; out of a field, to its page'],
  ['Tab', 'Next button or field'],
  ['↑ ↓', 'Walk a table'],
  ['Enter', 'Open what is selected'],
  ['Space', 'Look at it without leaving the list'],
];

/** The keys of this page. */
export function KeysHelp({ onClose }: { readonly onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const scopes = useActions((it) => it.scopes);
  useEffect(() => dialog.current?.showModal(), []);
  const mine = allActions(scopes).flatMap(({ keys, label }) =>
    keys === null ? [] : [[keysText(keys), label] as const],
  );
  return (
    <dialog className="keys" ref={dialog} aria-labelledby="keys-title" onClose={onClose}>
      <div className="head-row">
        <h2 id="keys-title">Keys of this page</h2>
      </div>
      <table>
        <tbody>
          {[...mine, ...ALWAYS].map(([keys, label]) => (
            <tr key={keys + label}>
              <td>{label}</td>
              <td>
                <kbd>{keys}</kbd>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <div className="buttons">
        <Button onPress={onClose} autoFocus>
          Close
        </Button>
      </div>
    </dialog>
  );
}
