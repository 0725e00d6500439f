import { create } from 'zustand';
import type { LogLine } from '../../../shared/domain/log-line.ts';
import type { Certificate } from '../../../shared/domain/node.ts';
import type { Person } from '../../../shared/domain/person.ts';
import type { Session } from '../../../shared/domain/session.ts';
import { type Fault, faultOf } from '../../../shared/errors.ts';
import { call, on } from '../../api.ts';

/** What the window knows of one domain; it stays when the connection drops, and is then old. */
export interface Known {
  readonly people: readonly Person[];
  readonly total: number;
  readonly peopleAsOf: number | null;
  readonly search: string;
  readonly peopleFault: Fault | null;
  readonly sessions: Readonly<Record<string, Session>>;
  readonly sessionsAsOf: number | null;
  readonly log: readonly LogLine[];
  readonly certificate: Certificate | null;
  /** passwords made in this window, shown until they are dismissed, kept nowhere else */
  readonly passwords: readonly { readonly jid: string; readonly password: string }[];
}

export const NOTHING: Known = {
  ...{ people: [], total: 0, peopleAsOf: null, search: '', peopleFault: null, sessions: {}, sessionsAsOf: null },
  ...{ log: [], certificate: null, passwords: [] },
};

interface DomainState {
  readonly known: Readonly<Record<string, Known>>;
  /** whose page is open: only that one is kept fresh */
  readonly open: string | null;
}

const LOG_LINES = 1000;
const FRESH_MS = 400;

export const useDomain = create<DomainState>()(() => ({ known: {}, open: null }));

export const knownOf = (domain: string): Known => useDomain.getState().known[domain] ?? NOTHING;

export function change(domain: string, edit: (known: Known) => Partial<Known>): void {
  useDomain.setState(({ known }) => {
    const before = known[domain] ?? NOTHING;
    return { known: { ...known, [domain]: { ...before, ...edit(before) } } };
  });
}

const isOpen = (domain: string) => useDomain.getState().open === domain;

export function listenToDomains(): void {
  const put = ({ domain, session }: { domain: string; session: Session }) => {
    if (!isOpen(domain)) return;
    change(domain, ({ sessions }) => ({ sessions: { ...sessions, [session.jid]: session }, sessionsAsOf: Date.now() }));
    refreshPeopleSoon(domain);
  };
  on('sessions.opened', put);
  on('sessions.changed', put);
  on('sessions.closed', ({ domain, jid }) => {
    if (!isOpen(domain)) return;
    change(domain, ({ sessions: { [jid]: _gone, ...sessions } }) => ({ sessions, sessionsAsOf: Date.now() }));
    refreshPeopleSoon(domain);
  });
  on('sessions.reset', ({ domain }) => {
    if (isOpen(domain)) void load(domain);
  });
  on('log.line', ({ domain, line }) => {
    if (isOpen(domain)) change(domain, ({ log }) => ({ log: [...log, line].slice(-LOG_LINES) }));
  });
}

/** Shows a domain's page: what was known is there at once, what is new comes in. */
export function openDomain(domain: string): () => void {
  useDomain.setState({ open: domain });
  void load(domain);
  return () => useDomain.setState(({ open }) => (open === domain ? { open: null } : {}));
}

export async function load(domain: string): Promise<void> {
  await Promise.all([loadSessions(domain), loadLog(domain), loadPeople(domain), loadCertificate(domain)]);
}

export const reloadOpen = (): void => {
  const { open } = useDomain.getState();
  if (open !== null) void load(open);
};

async function loadSessions(domain: string): Promise<void> {
  const { sessions, asOf } = await call('sessions.list', { domain });
  change(domain, () => ({ sessions: Object.fromEntries(sessions.map((it) => [it.jid, it])), sessionsAsOf: asOf }));
}

async function loadLog(domain: string): Promise<void> {
  const { lines } = await call('log.tail', { domain, lines: 500 });
  change(domain, ({ log }) => ({ log: lines.length === 0 ? log : lines }));
}

async function loadCertificate(domain: string): Promise<void> {
  const certificate = await call('domains.certificate', { domain }).catch(() => null);
  if (certificate !== null) change(domain, () => ({ certificate }));
}

export async function loadPeople(domain: string): Promise<void> {
  const { search } = knownOf(domain);
  try {
    const { people, total, asOf } = await call('people.list', { domain, search, after: '' });
    if (knownOf(domain).search === search)
      change(domain, () => ({ people, total, peopleAsOf: asOf, peopleFault: null }));
  } catch (error) {
    change(domain, () => ({ peopleFault: faultOf(error) }));
  }
}

/** The next page of names. */
export async function loadMorePeople(domain: string): Promise<void> {
  const { people, total, search } = knownOf(domain);
  const after = people.at(-1)?.name;
  if (after === undefined || people.length >= total) return;
  const next = await call('people.list', { domain, search, after });
  change(domain, (now) => (now.people.at(-1)?.name === after ? { people: [...now.people, ...next.people] } : {}));
}

export function searchPeople(domain: string, search: string): void {
  change(domain, () => ({ search }));
  void loadPeople(domain);
}

const timers = new Map<string, ReturnType<typeof setTimeout>>();

/** Who is online has changed: the list is asked for again, once for all changes of a moment. */
function refreshPeopleSoon(domain: string): void {
  if (timers.has(domain) || knownOf(domain).people.length > 200) return;
  timers.set(
    domain,
    setTimeout(() => {
      timers.delete(domain);
      if (isOpen(domain)) void loadPeople(domain);
    }, FRESH_MS),
  );
}
