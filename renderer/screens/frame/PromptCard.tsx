import { useState } from 'react';
import type { Prompt } from '../../../shared/console-api/secrets.ts';
import { Button } from '../../components/Button.tsx';
import { Field } from '../../components/Field.tsx';
import { plural } from '../../components/format.ts';
import { tellFault } from '../../stores/app/app.ts';
import { answer } from '../../stores/prompts/prompts.ts';

/** Something only the operator knows, asked in the page and kept nowhere here. */
export function PromptCard({ prompt, more }: { readonly prompt: Prompt; readonly more: number }) {
  const { promptId, title, text, questions, canRemember } = prompt;
  const [answers, setAnswers] = useState<readonly string[]>(() => questions.map(() => ''));
  const [remember, setRemember] = useState(false);
  // who types somewhere else is not to have a password fall into another field
  const [takeFocus] = useState(() => !(document.activeElement instanceof HTMLInputElement));
  const send = (given: string[] | null) => void answer(promptId, given, remember).catch(tellFault);
  return (
    <form
      className="prompt"
      aria-label={title}
      onSubmit={(event) => {
        event.preventDefault();
        send([...answers]);
      }}
    >
      <h2>{title}</h2>
      {text === '' ? null : <pre className="mono">{text}</pre>}
      {questions.map(({ label, echo }, at) => (
        <Field
          // biome-ignore lint/suspicious/noArrayIndexKey: the questions of one prompt never move
          key={at}
          label={label}
          value={answers[at] ?? ''}
          secret={!echo}
          autoFocus={takeFocus && at === 0}
          onChange={(value) => setAnswers(answers.map((it, i) => (i === at ? value : it)))}
        />
      ))}
      {canRemember ? (
        <label className="buttons">
          <input type="checkbox" checked={remember} onChange={(event) => setRemember(event.target.checked)} />
          Remember it on this computer
        </label>
      ) : null}
      <div className="buttons">
        <Button look="primary" submit onPress={() => send([...answers])}>
          Answer
        </Button>
        <Button onPress={() => send(null)}>Don't answer</Button>
        {more > 0 ? <span className="help">{plural(more, 'question waits', 'questions wait')} after this.</span> : null}
      </div>
    </form>
  );
}
