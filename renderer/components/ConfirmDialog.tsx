import { useEffect, useRef, useState } from 'react';
import { Button } from './Button.tsx';
import { Field } from './Field.tsx';

export interface ConfirmDialogProps {
  readonly title: string;
  readonly text: string;
  /** what has to be typed */
  readonly word: string;
  readonly action: string;
  readonly onConfirm: () => void;
  readonly onClose: () => void;
}

/** For what can't be undone, and only for that. */
export function ConfirmDialog({ title, text, word, action, onConfirm, onClose }: ConfirmDialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [typed, setTyped] = useState('');
  const fits = typed.trim() === word;
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} aria-labelledby="confirm-title" onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (fits) onConfirm();
        }}
      >
        <h2 id="confirm-title">{title}</h2>
        <p>{text}</p>
        <Field label={`Type ${word} to confirm`} value={typed} onChange={setTyped} mono autoFocus />
        <div className="buttons">
          <Button look="danger" submit disabled={!fits} onPress={onConfirm}>
            {action}
          </Button>
          <Button onPress={onClose}>Keep it</Button>
        </div>
      </form>
    </dialog>
  );
}
