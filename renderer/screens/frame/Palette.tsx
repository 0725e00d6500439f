// biome-ignore-all lint/a11y/noNoninteractiveElementToInteractiveRole: the pattern of a combobox with its listbox (ARIA authoring practices)
import { type KeyboardEvent, useEffect, useRef, useState } from 'react';
import { allActions, keysText, useActions } from '../../stores/actions/actions.ts';
import { useDomain } from '../../stores/domain/domain.ts';
import { useFleet } from '../../stores/fleet/fleet.ts';
import { titleOf } from '../../stores/provisioning/run-words.ts';
import { useRuns } from '../../stores/provisioning/runs.ts';
import { go } from '../../stores/route/route.ts';

interface Item {
  readonly id: string;
  readonly label: string;
  readonly kind: string;
  readonly perform: () => void;
}

const SHOWN = 50;
/** Domains, people of the domains that were opened, and all that can be done now. */
export function Palette({
  onClose,
  onPerform,
}: {
  readonly onClose: () => void;
  readonly onPerform: (id: string) => void;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  const list = useRef<HTMLUListElement>(null);
  const [text, setText] = useState('');
  const [at, setAt] = useState(0);
  const found = useItems(text, onPerform);
  useEffect(() => dialog.current?.showModal(), []);
  useEffect(() => list.current?.children[at]?.scrollIntoView({ block: 'nearest' }), [at]);

  const choose = (item: Item | undefined) => {
    if (item === undefined) return;
    onClose();
    item.perform();
  };
  const press = (event: KeyboardEvent) => {
    if (event.key === 'ArrowDown') setAt(Math.min(found.length - 1, at + 1));
    else if (event.key === 'ArrowUp') setAt(Math.max(0, at - 1));
    else if (event.key === 'Enter') choose(found[at]);
    else return;
    event.preventDefault();
  };

  return (
    <dialog
      className="palette"
      ref={dialog}
      aria-label="Find anything"
      onClose={onClose}
      onClick={(event) => event.target === dialog.current && onClose()}
      onKeyDown={press}
    >
      <input
        role="combobox"
        aria-label="Find a domain, a person or an action"
        aria-expanded="true"
        aria-controls="palette-list"
        aria-activedescendant={found[at] ? `palette-${at}` : undefined}
        placeholder="A domain, a person, or what you want to do"
        value={text}
        spellCheck={false}
        onChange={(event) => {
          setText(event.target.value);
          setAt(0);
        }}
      />
      {found.length === 0 ? <p className="none">Nothing is called so.</p> : null}
      <ul id="palette-list" role="listbox" aria-label="Found" ref={list}>
        {found.map((item, index) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the field hears the keys
          <li
            key={item.id}
            id={`palette-${index}`}
            role="option"
            aria-selected={index === at}
            tabIndex={-1}
            onClick={() => choose(item)}
          >
            <span>{item.label}</span>
            <span className="kind">{item.kind}</span>
          </li>
        ))}
      </ul>
    </dialog>
  );
}

function useItems(text: string, onPerform: (id: string) => void): Item[] {
  const scopes = useActions((it) => it.scopes);
  const domains = useFleet((it) => it.domains);
  const known = useDomain((it) => it.known);
  const runs = useRuns((it) => it.runs);
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const fits = (it: Item) => words.every((word) => `${it.label} ${it.kind}`.toLowerCase().includes(word));
  const actions = allActions(scopes)
    .filter((it) => it.enabled && it.id !== 'palette')
    .map(
      ({ id, label, keys }): Item => ({
        id,
        label,
        kind: keys === null ? 'action' : keysText(keys),
        perform: () => onPerform(id),
      }),
    );
  const places = Object.values(domains).map(
    ({ name, host }): Item => ({
      id: `d ${name}`,
      label: name,
      kind: `domain on ${host}`,
      perform: () => go({ screen: 'domain', domain: name, tab: 'people' }),
    }),
  );
  const people = Object.entries(known).flatMap(([domain, { people }]) =>
    people.map(
      ({ name, state }): Item => ({
        id: `p ${name}@${domain}`,
        label: `${name}@${domain}`,
        kind: `person, ${state}`,
        perform: () => go({ screen: 'domain', domain, tab: 'people' }),
      }),
    ),
  );
  const past = Object.values(runs)
    .sort((a, b) => b.startedAt - a.startedAt)
    .map(
      (run): Item => ({
        id: `r ${run.runId}`,
        label: titleOf(run),
        kind: `run, ${run.outcome.replaceAll('-', ' ')}`,
        perform: () => go({ screen: 'run', runId: run.runId }),
      }),
    );
  const all = words.length === 0 ? [...actions, ...places, ...past] : [...places, ...people, ...actions, ...past];
  return all.filter(fits).slice(0, SHOWN);
}
