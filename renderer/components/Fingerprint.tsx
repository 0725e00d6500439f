import { Check, Copy, Grid2x2, X } from 'lucide-react';
import { useId, useState } from 'react';
import { Button } from './Button.tsx';
import { compare, groupsOfFour } from './format.ts';

export interface FingerprintProps {
  readonly value: string;
  readonly onCopy: (text: string) => void;
  readonly randomart?: string;
  /** offers a field to paste what the host's own administrator read out */
  readonly comparable?: boolean;
  readonly onCompared?: (same: boolean) => void;
}

export function Fingerprint({ value, onCopy, randomart, comparable, onCompared }: FingerprintProps) {
  const [art, setArt] = useState(false);
  const [pasted, setPasted] = useState('');
  const id = useId();
  const likeness = compare(pasted, value);
  const groups = groupsOfFour(value);
  return (
    <div className="fingerprint">
      <div className="line">
        <span className="groups mono">
          {groups.map((group, at) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: groups have no other name, and never move
            <span key={at}>{group}</span>
          ))}
        </span>
        <Button look="quiet" icon={<Copy size={16} aria-hidden />} onPress={() => onCopy(value)} title="Copy it whole">
          Copy
        </Button>
        {randomart ? (
          <Button look="quiet" icon={<Grid2x2 size={16} aria-hidden />} onPress={() => setArt(!art)}>
            {art ? 'Hide randomart' : 'Show randomart'}
          </Button>
        ) : null}
      </div>
      {art && randomart ? <pre className="randomart mono">{randomart}</pre> : null}
      {comparable ? (
        <div className="field compare">
          <label htmlFor={id}>Compare by pasting</label>
          <input
            id={id}
            className="mono"
            value={pasted}
            spellCheck={false}
            autoComplete="off"
            onChange={(event) => {
              setPasted(event.target.value);
              onCompared?.(compare(event.target.value, value) === 'same');
            }}
          />
          <p className={likeness === 'other' ? 'problem' : 'help'} role="status">
            {likeness === 'nothing' ? 'Paste the fingerprint that you have from somewhere else.' : null}
            {likeness === 'same' ? (
              <span className="health green">
                <Check size={16} aria-hidden /> It is the same.
              </span>
            ) : null}
            {likeness === 'other' ? (
              <span className="health red">
                <X size={16} aria-hidden /> It is another. Don't go on before you know why.
              </span>
            ) : null}
          </p>
        </div>
      ) : null}
    </div>
  );
}
