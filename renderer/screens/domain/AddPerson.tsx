import { useState } from 'react';
import { faultOf } from '../../../shared/errors.ts';
import { Button } from '../../components/Button.tsx';
import { Field } from '../../components/Field.tsx';
import { tell } from '../../stores/app/app.ts';
import { nameProblem } from '../../stores/domain/password.ts';
import { addPerson } from '../../stores/domain/people.ts';

export interface AddPersonProps {
  readonly domain: string;
  readonly live: boolean;
  readonly autoFocus: boolean;
}

/** One name after the other: the field keeps the focus. */
export function AddPerson({ domain, live, autoFocus }: AddPersonProps) {
  const [name, setName] = useState('');
  const [problem, setProblem] = useState<string>();
  const add = async () => {
    const text = name.trim();
    const wrong = live ? nameProblem(text) : 'People can be added when the domain answers again.';
    setProblem(wrong);
    if (wrong !== undefined) return;
    // emptied before the answer: the next name may be typed meanwhile
    setName('');
    try {
      await addPerson(domain, text);
      tell(`Added ${text}@${domain}.`);
    } catch (error) {
      const { what, why, todo } = faultOf(error);
      setName((now) => (now === '' ? text : now));
      setProblem([what, why, todo].filter(Boolean).join(' '));
    }
  };
  return (
    <form
      className="add-person"
      onSubmit={(event) => {
        event.preventDefault();
        void add();
      }}
    >
      <Field
        label="Add a person"
        name="person"
        value={name}
        problem={problem}
        autoFocus={autoFocus}
        mono
        onChange={(value) => {
          setName(value);
          if (problem !== undefined) setProblem(nameProblem(value.trim()));
        }}
      >
        <span className="suffix mono">@{domain}</span>
        <Button submit onPress={() => void add()} disabled={!live}>
          Add
        </Button>
      </Field>
    </form>
  );
}
