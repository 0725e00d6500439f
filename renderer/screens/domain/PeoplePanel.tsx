import { useEffect, useRef, useState } from 'react';
import type { Person } from '../../../shared/domain/person.ts';
import { Age } from '../../components/Age.tsx';
import { Button } from '../../components/Button.tsx';
import { ConfirmDialog } from '../../components/ConfirmDialog.tsx';
import { day, number, plural } from '../../components/format.ts';
import { type Column, Table } from '../../components/Table.tsx';
import { type Action, offer, pressable } from '../../stores/actions/actions.ts';
import { tell, tellFault } from '../../stores/app/app.ts';
import { loadMorePeople, NOTHING, searchPeople, useDomain } from '../../stores/domain/domain.ts';
import { activate, removePerson, resetPassword, suspend } from '../../stores/domain/people.ts';
import { AddPerson } from './AddPerson.tsx';
import { NewPasswords } from './NewPasswords.tsx';
import { Panel } from './Panel.tsx';

export interface PeoplePanelProps {
  readonly domain: string;
  readonly live: boolean;
  readonly shown: boolean;
  readonly adding: boolean;
  readonly now: number;
}

export function PeoplePanel({ domain, live, shown, adding, now }: PeoplePanelProps) {
  const known = useDomain((it) => it.known[domain] ?? NOTHING);
  const { people, total, peopleAsOf, search, passwords } = known;
  const [selected, setSelected] = useState<string | null>(null);
  const [removing, setRemoving] = useState<string | null>(null);
  const field = useRef<HTMLDivElement>(null);
  const find = useRef<HTMLInputElement>(null);
  const person = people.find((it) => it.name === selected);
  const actions = personActions(domain, person, live && shown, () => setRemoving(selected));
  const add: Action = {
    id: 'people.add',
    label: 'Add a person',
    keys: 'a',
    enabled: live && shown,
    menu: 'Domain',
    perform: () => field.current?.querySelector('input')?.focus(),
  };
  const filter: Action = {
    id: 'people.find',
    label: 'Find a person here',
    keys: '/',
    enabled: shown,
    menu: 'View',
    perform: () => find.current?.focus(),
  };
  useEffect(() => offer('people', [add, filter, ...actions]));

  return (
    <Panel tab="people" title="People" shown={shown}>
      <div ref={field}>
        <AddPerson domain={domain} live={live} autoFocus={adding} />
      </div>
      {passwords.length > 0 ? <NewPasswords domain={domain} passwords={passwords} /> : null}
      <div className="toolbar">
        <div className="search">
          <input
            ref={find}
            aria-label="Find a person"
            placeholder="Find by name: press /"
            value={search}
            spellCheck={false}
            onChange={(event) => searchPeople(domain, event.target.value)}
          />
        </div>
        <span className="age">
          {plural(total, 'person', 'people')}
          {peopleAsOf === null || live ? '' : ', as of '}
          {peopleAsOf === null || live ? null : <Age at={peopleAsOf} now={now} />}
        </span>
        <span className="gap" />
        {person
          ? actions
              .filter((it) => it.enabled)
              .map((it) => (
                <Button key={it.id} {...pressable(it)}>
                  {it.label}
                </Button>
              ))
          : null}
      </div>
      {people.length === 0 ? (
        <p className="lead">{nobody(search, live, peopleAsOf)}</p>
      ) : (
        <Table
          label="People"
          columns={columnsFor(now)}
          items={people}
          idOf={(it) => it.name}
          selected={selected}
          onSelect={setSelected}
          stale={() => !live}
          onReachEnd={() => void loadMorePeople(domain).catch(tellFault)}
          home={shown}
        />
      )}
      {removing ? (
        <ConfirmDialog
          title={`Remove ${removing}@${domain}`}
          text="The account, its contacts and the messages that wait for it are deleted. This can't be undone."
          word={removing}
          action={`Remove ${removing}`}
          onClose={() => setRemoving(null)}
          onConfirm={() => {
            setRemoving(null);
            void removePerson(domain, removing).then(
              (ended) => tell(`Removed ${removing}${endedWords(ended)}.`),
              tellFault,
            );
          }}
        />
      ) : null}
    </Panel>
  );
}

function nobody(search: string, live: boolean, asOf: number | null): string {
  if (search !== '') return `Nobody is called ${search}.`;
  if (asOf === null) return live ? 'Asking who is there.' : 'Who is there can be read when the domain answers again.';
  return 'Nobody has an account yet. Type a name above, and hand over the password that appears.';
}

const endedWords = (count: number) => (count === 0 ? '' : `, ${plural(count, 'session')} ended`);

function personActions(
  domain: string,
  person: Person | undefined,
  able: boolean,
  onRemove: () => void,
): readonly Action[] {
  const name = person?.name ?? 'the selected person';
  const suspended = person?.state === 'suspended';
  const act = (work: (name: string) => Promise<unknown>, words: (result: unknown) => string) => () => {
    if (person) void work(person.name).then((result) => tell(words(result)), tellFault);
  };
  const ended = (result: unknown) => endedWords(typeof result === 'number' ? result : 0);
  const enabled = able && person !== undefined;
  return [
    suspended
      ? {
          id: 'people.activate',
          label: `Activate ${name}`,
          keys: 's',
          enabled,
          menu: 'Domain',
          perform: act(
            (it) => activate(domain, it),
            () => `Activated ${name}.`,
          ),
        }
      : {
          id: 'people.suspend',
          label: `Suspend ${name}`,
          keys: 's',
          enabled,
          menu: 'Domain',
          perform: act(
            (it) => suspend(domain, it),
            (result) => `Suspended ${name}${ended(result)}.`,
          ),
        },
    {
      id: 'people.password',
      label: `Reset password of ${name}`,
      keys: 'p',
      enabled,
      menu: 'Domain',
      perform: act(
        (it) => resetPassword(domain, it),
        (result) => `${name} has a new password${ended(result)}.`,
      ),
    },
    { id: 'people.remove', label: `Remove ${name}`, keys: 'Delete', enabled, menu: 'Domain', perform: onRemove },
  ];
}

const columnsFor = (now: number): Column<Person>[] => [
  { key: 'name', title: 'Name', width: 'minmax(140px, 2fr)', cell: (it) => <strong>{it.name}</strong> },
  { key: 'state', title: 'State', width: '110px', cell: (it) => <State person={it} /> },
  { key: 'sessions', title: 'Sessions now', width: '100px', number: true, cell: (it) => number(it.sessions) },
  {
    key: 'seen',
    title: 'Last seen',
    width: '120px',
    number: true,
    cell: (it) => (it.lastSeenAt === null ? <span className="age">never</span> : <Age at={it.lastSeenAt} now={now} />),
  },
  { key: 'created', title: 'Added', width: '120px', number: true, cell: (it) => day(it.createdAt) },
];

function State({ person }: { readonly person: Person }) {
  if (person.state === 'suspended') return <span className="health amber">▲ suspended</span>;
  return <span className="health">{person.sessions > 0 ? '● online' : '○ offline'}</span>;
}
