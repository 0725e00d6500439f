import type { ReactNode } from 'react';

export interface ButtonProps {
  readonly children: ReactNode;
  readonly onPress: () => void;
  readonly look?: 'primary' | 'plain' | 'quiet' | 'danger';
  readonly icon?: ReactNode;
  /** shown beside the words */
  readonly keys?: string | null;
  /** why it can't be pressed now; it keeps the focus all the same */
  readonly disabled?: boolean;
  readonly submit?: boolean;
  readonly title?: string;
  readonly autoFocus?: boolean;
}

/** A button that is not to be pressed now is said to be so, and is not taken away from under the keyboard. */
export function Button({
  children,
  onPress,
  look = 'plain',
  icon,
  keys,
  disabled,
  submit,
  title,
  autoFocus,
}: ButtonProps) {
  return (
    <button
      type={submit ? 'submit' : 'button'}
      className={`button ${look}`}
      aria-disabled={disabled ? true : undefined}
      title={title}
      // biome-ignore lint/a11y/noAutofocus: the one next thing to do, after the operator came here to do it
      autoFocus={autoFocus}
      onClick={(event) => {
        if (submit) event.preventDefault();
        if (!disabled) onPress();
      }}
    >
      {icon}
      <span>{children}</span>
      {keys ? (
        <span className="kbd" aria-hidden="true">
          {keys}
        </span>
      ) : null}
    </button>
  );
}
