import { type ReactNode, useId } from 'react';

export interface FieldProps {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly onLeave?: () => void;
  readonly help?: string;
  /** in words that say what would be right */
  readonly problem?: string | undefined;
  readonly mono?: boolean;
  readonly secret?: boolean;
  /** so many lines high; one value a line */
  readonly lines?: number;
  readonly width?: 'short' | 'full';
  readonly placeholder?: string;
  readonly autoFocus?: boolean;
  readonly name?: string;
  readonly children?: ReactNode;
}

/** A label above, help below, and what is wrong right there. */
export function Field(props: FieldProps) {
  const {
    label,
    value,
    onChange,
    onLeave,
    help,
    problem,
    mono,
    secret,
    lines,
    width = 'full',
    placeholder,
    autoFocus,
    name,
    children,
  } = props;
  const id = useId();
  return (
    <div className={`field ${width}${problem ? ' wrong' : ''}`}>
      <label htmlFor={id}>{label}</label>
      <div className="line">
        {lines === undefined ? null : (
          <textarea
            id={id}
            name={name}
            rows={lines}
            className={mono ? 'mono' : undefined}
            value={value}
            placeholder={placeholder}
            spellCheck={false}
            aria-invalid={problem ? true : undefined}
            aria-describedby={problem ? `${id}-problem` : help ? `${id}-help` : undefined}
            onChange={(event) => onChange(event.target.value)}
            onBlur={onLeave}
          />
        )}
        {lines === undefined ? (
          <input
            id={id}
            name={name}
            className={mono ? 'mono' : undefined}
            type={secret ? 'password' : 'text'}
            value={value}
            placeholder={placeholder}
            spellCheck={false}
            autoComplete="off"
            aria-invalid={problem ? true : undefined}
            aria-describedby={problem ? `${id}-problem` : help ? `${id}-help` : undefined}
            // biome-ignore lint/a11y/noAutofocus: the operator came to this page to fill in its first field
            autoFocus={autoFocus}
            onChange={(event) => onChange(event.target.value)}
            onBlur={onLeave}
          />
        ) : null}
        {children}
      </div>
      {problem ? (
        <p className="problem" id={`${id}-problem`}>
          {problem}
        </p>
      ) : help ? (
        <p className="help" id={`${id}-help`}>
          {help}
        </p>
      ) : null}
    </div>
  );
}

export interface ChoiceProps<T extends string> {
  readonly label: string;
  readonly value: T;
  readonly options: readonly { readonly value: T; readonly label: string; readonly help: string }[];
  readonly onChange: (value: T) => void;
}

/** One of a few, each with what it means. */
export function Choice<T extends string>({ label, value, options, onChange }: ChoiceProps<T>) {
  const id = useId();
  return (
    <fieldset className="choice">
      <legend>{label}</legend>
      <div className="options">
        {options.map((option) => (
          <label key={option.value}>
            <input type="radio" name={id} checked={option.value === value} onChange={() => onChange(option.value)} />
            <span>{option.label}</span>
          </label>
        ))}
      </div>
      <p className="help">{options.find((it) => it.value === value)?.help}</p>
    </fieldset>
  );
}
