import { CLIENT, type Node, parseXml, STREAMS } from './xml.ts';

/** Who takes part, and how far they have come when the dialogue begins. */
export interface Person {
  readonly name: string;
  /** people of the same account share it; every dialogue has accounts of its own */
  readonly account: string;
  /** '' when the server is to make one */
  readonly resource: string;
  /** session: logged in and bound; raw: connected; away: not connected; nobody: an account that does not exist */
  readonly kind: 'session' | 'raw' | 'away' | 'nobody';
  /** has sent its first presence, of this priority */
  readonly priority: number | undefined;
  /** has asked for the roster */
  readonly roster: boolean;
  readonly carbons: boolean;
}

export interface Sight {
  readonly who: string;
  readonly whom: string;
}

/** presence aside: in turn, but presence that comes between is passed over */
export type How = 'in turn' | 'in any order' | 'one of' | ', presence aside';

export type Action =
  | { readonly kind: 'send'; readonly text: string }
  | { readonly kind: 'receive'; readonly how: How; readonly nodes: readonly Node[] }
  | { readonly kind: 'nothing' | 'ignore' | 'disconnect' | 'drop' | 'ended' | 'cut off' | 'tls' | 'open' }
  | { readonly kind: 'connect'; readonly online: boolean }
  | { readonly kind: 'authenticate'; readonly mechanism: string | undefined }
  | { readonly kind: 'bind'; readonly resource: string };

export interface Step {
  readonly line: number;
  readonly who: string;
  readonly action: Action;
}

export interface Dialogue {
  readonly file: string;
  readonly line: number;
  readonly title: string;
  readonly clause: string;
  readonly people: readonly Person[];
  readonly sights: readonly Sight[];
  readonly steps: readonly Step[];
}

const STANZA_ERRORS = 'urn:ietf:params:xml:ns:xmpp-stanzas';
const STREAM_ERRORS = 'urn:ietf:params:xml:ns:xmpp-streams';

/** The conditions in an error need no namespace in a dialogue. */
function errorNamespaces(node: Node): Node {
  const of = node.name !== 'error' ? undefined : { [CLIENT]: STANZA_ERRORS, [STREAMS]: STREAM_ERRORS }[node.ns];
  const children = node.children.map((child) => {
    if (typeof child === 'string') return child;
    return of !== undefined && child.ns === CLIENT ? { ...child, ns: of } : errorNamespaces(child);
  });
  return { ...node, children };
}

const SIMPLE: readonly (readonly [RegExp, Action])[] = [
  [/^receives nothing$/, { kind: 'nothing' }],
  [/^ignores what came$/, { kind: 'ignore' }],
  [/^disconnects$/, { kind: 'disconnect' }],
  [/^drops the connection$/, { kind: 'drop' }],
  [/^is disconnected$/, { kind: 'ended' }],
  [/^is cut off$/, { kind: 'cut off' }],
  [/^starts TLS$/, { kind: 'tls' }],
  [/^opens a stream$/, { kind: 'open' }],
  [/^connects$/, { kind: 'connect', online: false }],
  [/^connects, online$/, { kind: 'connect', online: true }],
];

function actionOf(words: string, xml: string): Action | undefined {
  const simple = SIMPLE.find(([pattern]) => pattern.test(words.replace(/\.$/, '')))?.[1];
  if (simple !== undefined) return simple;
  if (words === 'sends:') return { kind: 'send', text: xml };
  const receives = /^receives(, presence aside| in any order| one of)?:$/.exec(words);
  if (receives !== null) {
    const nodes = parseXml(xml).map(errorNamespaces);
    if (nodes.length === 0) throw new Error('it says not what is received');
    return { kind: 'receive', how: (receives[1]?.trim() ?? 'in turn') as How, nodes };
  }
  const auth = /^authenticates(?: with (\S+?))?\.$/.exec(words);
  if (auth !== null) return { kind: 'authenticate', mechanism: auth[1] };
  const bind = /^binds(?: as (\S+?))?\.$/.exec(words);
  if (bind !== null) return { kind: 'bind', resource: bind[1] ?? '' };
  return undefined;
}

/** `romeo/orchard, online, roster`, `romeo, raw`, `nobody` */
function personOf(name: string, text: string): Person | undefined {
  const [who = '', ...marks] = text.split(/,\s*/);
  if (who === 'nobody' && marks.length === 0)
    return { name, account: name, resource: '', kind: 'nobody', priority: undefined, roster: false, carbons: false };
  const parts = /^([a-z]+)(?:\/(\S+))?$/.exec(who);
  if (parts === null) return undefined;
  const [, account = '', resource = ''] = parts;
  let kind: Person['kind'] = resource === '' ? 'away' : 'session';
  let priority: number | undefined;
  let [roster, carbons] = [false, false];
  for (const mark of marks) {
    const number = /^priority (-?\d+)$/.exec(mark)?.[1];
    if (mark === 'online') priority ??= 0;
    else if (number !== undefined) priority = Number(number);
    else if (mark === 'roster') roster = true;
    else if (mark === 'carbons') carbons = true;
    else if (mark === 'away' || mark === 'raw') kind = mark;
    else return undefined;
  }
  return { name, account, resource: resource === '*' ? '' : resource, kind, priority, roster, carbons };
}

class Draft {
  readonly people: Person[] = [];
  readonly sights: Sight[] = [];
  readonly steps: Step[] = [];
  clause = '';
  readonly file: string;
  readonly line: number;
  readonly title: string;

  constructor(file: string, line: number, title: string) {
    this.file = file;
    this.line = line;
    this.title = title;
  }

  /** A line that begins at the margin, with what is indented below it. @throws when it means nothing */
  take(line: number, text: string, xml: string): void {
    if (this.clause === '') {
      if (!/^(?:RFC \d{4}|XEP-\d{4}) §\S+(?: \(choice\))?$/.test(text))
        throw new Error('a dialogue names its clause in its second line, such as RFC 6121 §8.5.1');
      this.clause = text;
      return;
    }
    const sight = /^(\w+)(?: and (\w+) see each other| sees (\w+))\.$/.exec(text);
    if (sight !== null) {
      const [, one = '', both, other = both ?? ''] = sight;
      this.sights.push({ who: this.#known(one), whom: this.#known(other) });
      if (both !== undefined) this.sights.push({ who: other, whom: one });
      return;
    }
    const named = /^([A-Z]\w*) (.*)$/.exec(text);
    const [, name = '', rest = ''] = named ?? [];
    const inline = /^((?:sends|receives(?:, presence aside| in any order| one of)?):) (.+)$/s.exec(rest);
    const action = inline === null ? actionOf(rest, xml) : actionOf(inline[1] ?? '', joined([inline[2] ?? '', xml]));
    if (action !== undefined) {
      this.steps.push({ line, who: this.#known(name), action });
      return;
    }
    const is = /^is (.*)\.$/.exec(rest)?.[1];
    const person = is === undefined ? undefined : personOf(name, is);
    if (person === undefined) throw new Error(`this means nothing here: ${text}`);
    if (this.people.some((one) => one.name === name)) throw new Error(`there are two of the name ${name}`);
    this.people.push(person);
  }

  #known(name: string): string {
    if (this.people.some((one) => one.name === name)) return name;
    throw new Error(`nobody is called ${name} here`);
  }

  done(): Dialogue {
    const { file, line, title, clause, people, sights, steps } = this;
    if (clause === '') throw new Error('a dialogue names its clause in its second line');
    if (!steps.some(({ action }) => action.kind !== 'send' && action.kind !== 'connect'))
      throw new Error('nothing is expected in this dialogue');
    return { file, line, title, clause, people, sights, steps };
  }
}

/** Lines are joined; a space comes between where a tag or a text goes on. */
const joined = (lines: readonly string[]): string =>
  lines.reduce((before, line) => (/(^|>)$/.test(before) || line === '' ? before + line : `${before} ${line}`), '');

/** Reads a file of dialogues; each begins with `== title`. @throws an Error that names the line */
export function parseDialogues(file: string, text: string): Dialogue[] {
  const found: Draft[] = [];
  const lines = text.split('\n');
  const failing = (line: number, work: () => void): void => {
    try {
      work();
    } catch (error) {
      throw new Error(`${file}:${line}: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i] ?? '';
    const at = i + 1;
    if (line.trim() === '' || line.startsWith('#')) continue;
    const title = /^== (.+)$/.exec(line)?.[1];
    if (title !== undefined) {
      found.push(new Draft(file, at, title.trim()));
      continue;
    }
    const below: string[] = [];
    while (/^\s+\S/.test(lines[i + 1] ?? '')) below.push((lines[++i] ?? '').trim());
    failing(at, () => {
      const draft = found.at(-1);
      if (draft === undefined) throw new Error('a dialogue begins with == and its title');
      draft.take(at, line.trim(), joined(below));
    });
  }
  const dialogues: Dialogue[] = [];
  for (const draft of found) failing(draft.line, () => void dialogues.push(draft.done()));
  for (const [i, { title, line }] of dialogues.entries()) {
    if (dialogues.findIndex((one) => one.title === title) !== i) throw new Error(`${file}:${line}: a title used twice`);
  }
  return dialogues;
}
