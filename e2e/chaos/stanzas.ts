const TAG = /<(\/?)([^\s>/]+)(?:[^>"']|"[^"]*"|'[^']*')*?(\/?)>/g;

/** Cuts what a server says into the children of its stream. */
export class Cutter {
  #rest = '';

  take(text: string): string[] {
    this.#rest += text;
    const whole: string[] = [];
    let depth = 0;
    let begin = 0;
    TAG.lastIndex = 0;
    for (let found = TAG.exec(this.#rest); found !== null; found = TAG.exec(this.#rest)) {
      if (found[0].startsWith('<?')) {
        begin = TAG.lastIndex;
        continue;
      }
      if (found[1] === '/') depth--;
      else if (found[3] !== '/') depth++;
      if (depth < 0)
        depth = 0; // the stream's own end
      else if (depth > 0) continue;
      whole.push(this.#rest.slice(begin, TAG.lastIndex));
      begin = TAG.lastIndex;
    }
    this.#rest = this.#rest.slice(begin);
    return whole;
  }
}

export const attributeOf = (stanza: string, name: string): string | undefined =>
  new RegExp(`^[^>]*? ${name}=['"]([^'"]*)['"]`).exec(stanza)?.[1];
