import { XmlError } from './errors.ts';
import type { Tag } from './tag.ts';

export const XML_NS = 'http://www.w3.org/XML/1998/namespace';
const XMLNS_NS = 'http://www.w3.org/2000/xmlns/';

/** prefixes declared at one place; each use looks through them, and each tree that is built carries them along */
const MOST_PREFIXES = 64;

/** The prefixes that are declared where the scanner stands: a list of [depth, prefix, namespace], innermost last. */
export class Prefixes {
  readonly #declared: { readonly depth: number; readonly prefix: string; readonly namespace: string }[] = [];

  /**
   * Takes the declarations of a tag that opens at `depth`, and checks that each prefix it uses is declared
   * (Namespaces in XML 1.0 §2.2, §3, §5, §6.3).
   * @throws XmlError
   */
  open(tag: Tag, depth: number): void {
    const list = tag.attributes;
    let prefixed = tag.name.includes(':');
    for (let i = 0; i < list.length; i += 2) {
      const name = list[i] ?? '';
      if (name.startsWith('xmlns:')) this.#declare(name.slice(6), list[i + 1] ?? '', depth);
      else if (name === 'xmlns') checkDefault(list[i + 1] ?? '');
      else if (name.includes(':') && !name.startsWith('xml:')) prefixed = true;
    }
    if (prefixed) this.#checkUses(tag);
  }

  close(depth: number): void {
    const declared = this.#declared;
    while (declared.length > 0 && (declared[declared.length - 1]?.depth ?? -1) >= depth) declared.pop();
  }

  clear(): void {
    this.#declared.length = 0;
  }

  namespace(prefix: string): string | undefined {
    if (prefix === 'xml') return XML_NS;
    for (let i = this.#declared.length - 1; i >= 0; i--) {
      const entry = this.#declared[i];
      if (entry?.prefix === prefix) return entry.namespace;
    }
    return undefined;
  }

  #declare(prefix: string, namespace: string, depth: number): void {
    const wrong =
      namespace === '' || namespace === XMLNS_NS || prefix === 'xmlns' || (prefix === 'xml') !== (namespace === XML_NS);
    if (wrong) throw new XmlError('not-well-formed', `prefix ${prefix} can't be declared so`);
    if (this.#declared.length >= MOST_PREFIXES) throw new XmlError('policy-violation', 'too many prefixes');
    this.#declared.push({ depth, prefix, namespace });
  }

  #checkUses(tag: Tag): void {
    this.#resolve(tag.name);
    const expanded: string[] = [];
    for (let i = 0; i < tag.attributes.length; i += 2) {
      const name = tag.attributes[i] ?? '';
      if (!name.includes(':') || name.startsWith('xmlns:')) continue;
      const full = `${this.#resolve(name)} ${name.slice(name.indexOf(':') + 1)}`;
      if (expanded.includes(full)) throw new XmlError('not-well-formed', `attribute ${name} stands twice`);
      expanded.push(full);
    }
  }

  #resolve(name: string): string {
    const colon = name.indexOf(':');
    if (colon < 0) return '';
    const prefix = name.slice(0, colon);
    const namespace = prefix === 'xmlns' ? undefined : this.namespace(prefix);
    // RFC 6120 §11.3: what is not namespace-well-formed is answered like what is not well-formed
    if (namespace === undefined) throw new XmlError('not-well-formed', `prefix ${prefix} is not declared`);
    return namespace;
  }
}

function checkDefault(namespace: string): void {
  if (namespace === XML_NS || namespace === XMLNS_NS) throw new XmlError('not-well-formed', 'a reserved namespace');
}
