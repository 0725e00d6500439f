import { CLIENT, type Node, STREAMS, show } from './xml.ts';

/**
 * What the placeholders of a dialogue stand for. `value` knows names such as `Romeo bare` or `domain`; `keep` is told what
 * `{keep NAME}` has caught.
 */
export interface Names {
  value(name: string): string | undefined;
  keep(name: string, value: string): void;
}

const STAMP = '\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(?:\\.\\d+)?(?:Z|[+-]\\d\\d:\\d\\d)';
const quoted = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');

/** Cuts a text at its placeholders, `{…}`, which may hold braces in pairs: texts and placeholders take turns. */
export function cut(text: string): readonly string[] {
  const parts: string[] = [];
  let from = 0;
  for (let start = text.indexOf('{'); start >= 0; start = text.indexOf('{', from)) {
    let depth = 0;
    let end = start;
    do {
      if (text[end] === '{') depth++;
      if (text[end] === '}') depth--;
      end++;
    } while (depth > 0 && end < text.length);
    if (depth > 0) throw new Error(`a placeholder without its end: ${text.slice(start)}`);
    parts.push(text.slice(from, start), text.slice(start + 1, end - 1));
    from = end;
  }
  parts.push(text.slice(from));
  return parts;
}

/** Whether a text is what the pattern says; catches what it is told to keep. */
export function matchText(pattern: string, actual: string, names: Names): boolean {
  const kept: string[] = [];
  const source = cut(pattern)
    .map((part, i) => (i % 2 === 0 ? quoted(part) : placeholder(part, kept, names)))
    .join('');
  const found = new RegExp(`^(?:${source})$`, 'su').exec(actual);
  if (found === null) return false;
  for (const [i, name] of kept.entries()) names.keep(name, found[i + 1] ?? '');
  return true;
}

function placeholder(part: string, kept: string[], names: Names): string {
  if (part === 'any') return '.+';
  if (part === 'stamp') return STAMP;
  if (part.startsWith('like ')) return `(?:${part.slice(5).replace(/\((?!\?)/g, '(?:')})`;
  if (part.startsWith('not ')) return `(?!${quoted(names.value(part.slice(4)) ?? '')}$).+`;
  if (part.startsWith('keep ')) {
    kept.push(part.slice(5));
    return '(.+)';
  }
  const value = names.value(part);
  if (value === undefined) throw new Error(`nothing is called {${part}} here`);
  return quoted(value);
}

const STANZAS = ['message', 'presence', 'iq'];
const isStanza = (node: Node): boolean => node.ns === CLIENT && STANZAS.includes(node.name);
const FREE = ['from', 'to', 'id', 'xml:lang'];
/** `{more}`, or `{more without NAME}`: anything but a child of that name */
const MORE = /\{more(?: without ([\w-]+))?\}/;
/** What servers may stamp on others' stanzas: XEP-0203 and XEP-0398 on presence, XEP-0359 on messages. */
const STAMPS: Readonly<Record<string, readonly string[]>> = {
  presence: ['delay urn:xmpp:delay', 'x vcard-temp:x:update'],
  message: ['stanza-id urn:xmpp:sid:0'],
};
const elementsOf = (node: Node): readonly Node[] =>
  node.children.filter((child): child is Node => typeof child !== 'string');
const textOf = (node: Node): string => node.children.filter((child) => typeof child === 'string').join('');

/**
 * Why an element is not what is expected, or undefined when it is. A stanza may have addresses, id and language that the
 * dialogue does not mention; other than that, whatever is not written down must not be there, unless {more} says so.
 * An error may carry what was refused, a text, and a condition of the application (RFC 6120 §8.3.2).
 */
export function mismatch(expected: Node, actual: Node, names: Names, top = true): string | undefined {
  const here = `<${expected.name}/>`;
  if (expected.name !== actual.name || expected.ns !== actual.ns) {
    return `expected ${here} of ${expected.ns}, received <${actual.name}/> of ${actual.ns}`;
  }
  const header = expected.name === 'stream' && expected.ns === STREAMS;
  const more = MORE.exec(textOf(expected));
  const open = header || more !== null;
  const unwanted = elementsOf(actual).find(({ name }) => name === more?.[1]);
  if (unwanted !== undefined) return `${here} must have no ${show(unwanted, actual.ns)}`;
  const stanza = top && isStanza(expected);
  const wrong = attributesMismatch(expected, actual, names, open, stanza);
  if (wrong !== undefined) return wrong;
  const error = stanza && elementsOf(expected).some((child) => child.name === 'error' && child.ns === CLIENT);
  const loose = open || error || (expected.name === 'error' && (expected.ns === CLIENT || expected.ns === STREAMS));
  const stamps = stanza ? (STAMPS[expected.name] ?? []) : [];
  return childrenMismatch(expected, actual, names, loose, stamps);
}

function attributesMismatch(
  expected: Node,
  actual: Node,
  names: Names,
  open: boolean,
  stanza: boolean,
): string | undefined {
  const here = `<${expected.name}/>`;
  for (const [name, pattern] of Object.entries(expected.attributes)) {
    const value = actual.attributes[name];
    const maybe = /^\{maybe (.*)\}$/s.exec(pattern)?.[1];
    if (pattern === '{none}') {
      if (value !== undefined) return `${here} must have no '${name}', and has '${value}'`;
    } else if (value === undefined) {
      if (maybe === undefined) return `${here} has no '${name}'`;
    } else if (!matchText(maybe ?? pattern, value, names))
      return `${here} has ${name}='${value}', expected '${pattern}'`;
  }
  if (open) return undefined;
  const by = expected.name === 'error' ? ['by'] : [];
  const free = stanza ? FREE : ['xml:lang', ...by];
  const extra = Object.keys(actual.attributes).find((name) => !(name in expected.attributes) && !free.includes(name));
  return extra === undefined
    ? undefined
    : `${here} has ${extra}='${actual.attributes[extra] ?? ''}', which is not expected`;
}

function childrenMismatch(
  expected: Node,
  actual: Node,
  names: Names,
  loose: boolean,
  stamps: readonly string[],
): string | undefined {
  const here = `<${expected.name}/>`;
  const left = [...elementsOf(actual)];
  for (const child of elementsOf(expected)) {
    const reasons: string[] = [];
    const index = left.findIndex((candidate) => {
      const reason = mismatch(child, candidate, names, false);
      if (reason !== undefined && candidate.name === child.name) reasons.push(reason);
      return reason === undefined;
    });
    if (index < 0)
      return `${here} lacks ${show(child, expected.ns)}${reasons[0] === undefined ? '' : `: ${reasons[0]}`}`;
    left.splice(index, 1);
  }
  if (loose) return undefined;
  const extra = left.find(({ name, ns }) => !stamps.includes(`${name} ${ns}`));
  if (extra !== undefined) return `${here} has a child that is not expected: ${show(extra, actual.ns)}`;
  const [wanted, said] = [textOf(expected), textOf(actual)];
  const spaceOnly = elementsOf(expected).length > 0 && said.trim() === '' && wanted.trim() === '';
  if (spaceOnly || matchText(wanted, said, names)) return undefined;
  return `${here} says '${said}', expected '${wanted}'`;
}
