import { type Account, type Address, Connection, isAside, PATIENCE_MS, tell } from './connection.ts';
import type { Action, Dialogue, Person, Step } from './format.ts';
import { cut, mismatch, type Names } from './match.ts';
import { ScramClient } from './scram.ts';
import { escaped, type Node, type StreamEvent, show } from './xml.ts';

/** A server that dialogues are played against. */
export interface Stage extends Address {
  /** an account that nobody has used */
  account(): Account;
  /** how long what one says may take to where another is, beside what the servers need for it; milliseconds */
  readonly distanceMs?: number;
  /** a name that no account has */
  ghost(): string;
}

export interface Result {
  readonly dialogue: Dialogue;
  /** why it failed; undefined when it went as written */
  readonly failure: string | undefined;
  /** what came instead of what was expected, in a few words */
  readonly saw: string | undefined;
  readonly ms: number;
}

const told = (event: StreamEvent | undefined): string => (event === undefined ? 'nothing' : tell(event));

class Failure extends Error {
  readonly saw: string;

  constructor(text: string, event: StreamEvent | undefined) {
    super(text);
    this.saw = brief(event);
  }
}

const childOf = (node: Node | undefined, name: string): Node | undefined =>
  node?.children.find((one): one is Node => typeof one !== 'string' && one.name === name);

/** `iq error: forbidden`, `presence unavailable`, `stream error: invalid-xml`, `nothing` */
export function brief(event: StreamEvent | undefined): string {
  if (event === undefined) return 'nothing';
  if (event.kind === 'end' || event.kind === 'closed') return tell(event);
  const { node } = event;
  if (event.kind === 'header') return 'a stream header';
  const error = node.name === 'error' ? node : childOf(node, 'error');
  const condition = error?.children.find((one) => typeof one !== 'string');
  const what = node.name === 'error' ? 'stream error' : [node.name, node.attributes['type']].filter(Boolean).join(' ');
  const inner = condition ?? node.children.find((one) => typeof one !== 'string');
  const detail = typeof inner === 'object' ? inner.name : '';
  return detail === '' ? what : `${what}: ${detail}`;
}

const indent = (text: string): string => text.replace(/^/gm, '    ');

/** Plays a dialogue with accounts of its own. */
export async function play(dialogue: Dialogue, stage: Stage): Promise<Result> {
  const started = Date.now();
  const scene = new Scene(dialogue, stage);
  let line = dialogue.line;
  let failure: string | undefined;
  let saw: string | undefined;
  try {
    await scene.prepare();
    for (const step of dialogue.steps) {
      line = step.line;
      await scene.step(step);
    }
    line = dialogue.line;
    await scene.finish();
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error);
    saw = error instanceof Failure ? error.saw : what.slice(0, 80);
    failure = `${dialogue.file}:${line}: ${dialogue.title} (${dialogue.clause})\n${indent(what)}`;
  }
  scene.leave();
  return { dialogue, failure, saw, ms: Date.now() - started };
}

interface Cast {
  readonly person: Person;
  readonly account: Account;
  connection: Connection | undefined;
}

class Scene {
  readonly #dialogue: Dialogue;
  readonly #stage: Stage;
  readonly #cast = new Map<string, Cast>();
  readonly #kept = new Map<string, string>();

  constructor(dialogue: Dialogue, stage: Stage) {
    this.#dialogue = dialogue;
    this.#stage = stage;
    const accounts = new Map<string, Account>();
    for (const person of dialogue.people) {
      const fresh = () => (person.kind === 'nobody' ? { name: stage.ghost(), password: 'none' } : stage.account());
      const account = accounts.get(person.account) ?? fresh();
      accounts.set(person.account, account);
      this.#cast.set(person.name, { person, account, connection: undefined });
    }
  }

  async prepare(): Promise<void> {
    await this.#befriend();
    for (const cast of this.#cast.values()) {
      if (cast.person.kind === 'raw') cast.connection = await Connection.to(this.#stage);
      if (cast.person.kind === 'session') await this.#enter(cast, cast.person.priority);
    }
    await this.#settle();
    for (const { connection, person } of this.#cast.values()) if (person.kind === 'session') connection?.forget();
  }

  /** What the dialogue takes for granted is done by the protocol, with sessions that end before it begins. */
  async #befriend(): Promise<void> {
    const { sights } = this.#dialogue;
    if (sights.length === 0) return;
    const sessions = new Map<string, Connection>();
    for (const { account } of new Set(sights.flatMap(({ who, whom }) => [this.#of(who), this.#of(whom)]))) {
      if (sessions.has(account.name)) continue;
      const connection = await Connection.to(this.#stage);
      await connection.open();
      await connection.authenticate(account);
      await connection.bind('');
      sessions.set(account.name, connection);
    }
    for (const { who, whom } of sights) {
      const [one, other] = [this.#of(who).account.name, this.#of(whom).account.name];
      const [asking, answering] = [sessions.get(one), sessions.get(other)];
      const say = async (connection: Connection | undefined, to: string, type: string) => {
        connection?.send(`<presence to='${to}@${this.#stage.domain}' type='${type}'/>`);
        await connection?.ping();
      };
      await say(asking, other, 'subscribe');
      await answering?.ping();
      await say(answering, one, 'subscribed');
      await asking?.ping();
    }
    for (const session of sessions.values()) await session.close();
  }

  async #enter(cast: Cast, priority: number | undefined): Promise<void> {
    const connection = await Connection.to(this.#stage);
    cast.connection = connection;
    await connection.open();
    await connection.authenticate(cast.account);
    await connection.bind(cast.person.resource);
    if (cast.person.roster) connection.send(`<iq type='get' id='roster'><query xmlns='jabber:iq:roster'/></iq>`);
    if (cast.person.carbons) connection.send(`<iq type='set' id='carbons'><enable xmlns='urn:xmpp:carbons:2'/></iq>`);
    if (cast.person.roster || cast.person.carbons) {
      await connection.ping();
      connection.forget();
    }
    if (priority === 0) connection.send('<presence/>');
    else if (priority !== undefined) connection.send(`<presence><priority>${priority}</priority></presence>`);
  }

  async step({ who, action }: Step): Promise<void> {
    const cast = this.#of(who);
    if (action.kind === 'connect') {
      await this.#enter(cast, action.online ? (cast.person.priority ?? 0) : undefined);
      return;
    }
    const { connection } = cast;
    if (connection === undefined) throw new Error(`${who} is not connected`);
    await this.#act(cast, connection, action);
  }

  async #act(cast: Cast, connection: Connection, action: Exclude<Action, { kind: 'connect' }>): Promise<void> {
    switch (action.kind) {
      case 'send':
        connection.send(toBytes(this.#filled(cast, action.text)));
        return;
      case 'receive':
        await this.#receive(cast, connection, action);
        return;
      case 'nothing':
        await this.#settle();
        await connection.ping();
        this.#nothingWaits(cast);
        return;
      case 'ignore':
        await this.#settle();
        if (connection.bound !== undefined) await connection.ping();
        connection.forget();
        return;
      case 'disconnect':
        await connection.close();
        return;
      case 'drop':
        connection.destroy();
        return;
      case 'ended':
        await this.#ended(connection, true);
        return;
      case 'cut off':
        await this.#ended(connection, false);
        return;
      case 'tls':
        await connection.startTls();
        return;
      case 'open':
        await connection.open();
        return;
      case 'authenticate':
        await connection.authenticate(cast.account, action.mechanism);
        return;
      case 'bind':
        await connection.bind(action.resource);
    }
  }

  async #receive(cast: Cast, connection: Connection, action: Extract<Action, { kind: 'receive' }>): Promise<void> {
    const left = [...action.nodes];
    while (left.length > 0) {
      const event = await connection.next(left.map((node) => node.name));
      if (action.how === ', presence aside' && event?.kind === 'element' && event.node.name === 'presence') continue;
      const candidates = action.how === 'in any order' || action.how === 'one of' ? left : left.slice(0, 1);
      const expected = () => candidates.map((node) => show(this.#shown(cast, node))).join('\nor\n');
      if (event === undefined || event.kind === 'end' || event.kind === 'closed') {
        const instead = event === undefined ? `nothing within ${PATIENCE_MS / 1000} s` : tell(event);
        throw new Failure(`${cast.person.name} expected\n${expected()}\nbut received ${instead}`, event);
      }
      const reasons: string[] = [];
      const index = candidates.findIndex((node) => {
        const reason = this.#mismatch(cast, node, event);
        if (reason !== undefined) reasons.push(reason);
        return reason === undefined;
      });
      if (index < 0)
        throw new Failure(
          `${cast.person.name} expected\n${expected()}\nbut received\n${tell(event)}\n${reasons.join('\nand ')}`,
          event,
        );
      if (action.how === 'one of') return;
      left.splice(index, 1);
    }
  }

  /** What is caught counts only when the whole matches. */
  #mismatch(cast: Cast, node: Node, event: Extract<StreamEvent, { node: Node }>): string | undefined {
    const caught = new Map<string, string>();
    const names: Names = {
      value: (name) => caught.get(name) ?? this.#value(cast, name),
      keep: (name, value) => void caught.set(name, value),
    };
    const reason = mismatch(node, event.node, names);
    if (reason !== undefined) return reason;
    for (const [name, value] of caught) {
      if (name === 'scram challenge') cast.connection?.scram?.challenge(value);
      else this.#kept.set(name, value);
    }
    return undefined;
  }

  async #ended(connection: Connection, properly: boolean): Promise<void> {
    let event = await connection.next();
    if (event?.kind === 'end') {
      connection.send('</stream:stream>');
      event = await connection.next();
    } else if (properly) throw new Failure(`expected the end of the stream, received ${told(event)}`, event);
    if (event?.kind !== 'closed')
      throw new Failure(`expected the end of the connection, received ${told(event)}`, event);
  }

  /** After it the server has taken what everybody sent, and everybody has what that led to. */
  async #settle(): Promise<void> {
    const present = [...this.#cast.values()].filter(
      ({ person }) => person.kind === 'session' || person.kind === 'away',
    );
    const { distanceMs } = this.#stage;
    if (distanceMs !== undefined) await new Promise((resolve) => setTimeout(resolve, distanceMs));
    // a round for what was sent, one for what that caused elsewhere, one for what came back of it
    for (let round = 0; round < 3; round++) await Promise.all(present.map(({ connection }) => connection?.ping()));
  }

  #nothingWaits({ person, connection }: Cast): void {
    const expected = (event: StreamEvent) =>
      event.kind === 'closed' || (event.kind === 'end' && connection?.ending === true) || isAside(event);
    const event = connection?.waiting.find((one) => !expected(one));
    if (event !== undefined) throw new Failure(`${person.name} expected nothing, but received\n${tell(event)}`, event);
  }

  /** Nobody may have received anything that the dialogue does not tell of. */
  async finish(): Promise<void> {
    await this.#settle();
    for (const cast of this.#cast.values()) this.#nothingWaits(cast);
  }

  leave(): void {
    for (const { connection } of this.#cast.values()) connection?.destroy();
  }

  #of(name: string): Cast {
    const cast = this.#cast.get(name);
    if (cast === undefined) throw new Error(`nobody is called ${name}`);
    return cast;
  }

  #filled(cast: Cast, text: string): string {
    return cut(text)
      .map((part, i) => (i % 2 === 0 ? part : this.#sent(cast, part)))
      .join('');
  }

  #sent(cast: Cast, part: string): string {
    const bytes = /^bytes((?: [0-9a-fA-F]{2})+)$/.exec(part)?.[1];
    if (bytes !== undefined)
      return [...bytes.trim().split(' ')].map((hex) => String.fromCharCode(RAW + Number.parseInt(hex, 16))).join('');
    const repeat = /^repeat (\d+) (.+)$/s.exec(part);
    if (repeat !== null) return (repeat[2] ?? '').repeat(Number(repeat[1]));
    if (part === 'space') return ' ';
    const value = this.#value(cast, part);
    if (value === undefined) throw new Error(`nothing is called {${part}} here`);
    return escaped(value);
  }

  #value(cast: Cast, name: string): string | undefined {
    if (name === 'domain') return this.#stage.domain;
    if (name === 'domain upper') return this.#stage.domain.toUpperCase();
    const base64 = /^base64 (.*)$/s.exec(name)?.[1];
    if (base64 !== undefined) return Buffer.from(this.#filled(cast, base64).replace(/\\0/g, '\0')).toString('base64');
    const scram = /^scram (.*)$/.exec(name)?.[1];
    if (scram !== undefined) return this.#scram(cast, scram);
    const [who = '', what] = name.split(' ');
    const other = this.#cast.get(who);
    if (other === undefined) return this.#kept.get(name);
    const { account, connection, person } = other;
    const bare = `${account.name}@${this.#stage.domain}`;
    const full = connection?.bound ?? `${bare}/${person.resource}`;
    const known: Record<string, string> = {
      bare,
      account: account.name,
      ACCOUNT: account.name.toUpperCase(),
      // the same in the wide forms that East Asian keyboards make
      wide: account.name.replace(/[a-z0-9]/g, (c) => String.fromCharCode(c.charCodeAt(0) + 0xfee0)),
      password: account.password,
      resource: full.slice(full.indexOf('/') + 1),
    };
    return what === undefined ? full : known[what];
  }

  /** `first MECHANISM`, `first MECHANISM with a wrong password`, `first MECHANISM in capitals`, `final`, `verifier` */
  #scram({ account, connection }: Cast, what: string): string | undefined {
    if (connection === undefined) return undefined;
    const mechanism = /^first (\S+)$/.exec(what)?.[1];
    if (mechanism !== undefined) {
      connection.scram = new ScramClient(mechanism, account.name, account.password);
      return connection.scram.first();
    }
    const changed = /^first (\S+) (with a wrong password|in capitals)$/.exec(what);
    if (changed !== null) {
      const name = changed[2] === 'in capitals' ? account.name.toUpperCase() : account.name;
      const password = changed[2] === 'in capitals' ? account.password : `${account.password}!`;
      connection.scram = new ScramClient(changed[1] ?? '', name, password);
      return connection.scram.first();
    }
    if (what === 'final') return connection.scram?.final();
    if (what === 'verifier') return connection.scram?.verifier();
    return undefined;
  }

  #shown(cast: Cast, node: Node): Node {
    const fill = (text: string) =>
      cut(text)
        .map((part, i) =>
          i % 2 === 0
            ? part
            : ((/^(any|keep|like|maybe|more|none|not|stamp)\b/.test(part) ? undefined : this.#value(cast, part)) ??
              `{${part}}`),
        )
        .join('');
    return {
      ...node,
      attributes: Object.fromEntries(Object.entries(node.attributes).map(([key, value]) => [key, fill(value)])),
      children: node.children.map((child) => (typeof child === 'string' ? fill(child) : this.#shown(cast, child))),
    };
  }
}

/** Bytes that are no text, such as broken UTF-8, stand in a private corner of Unicode until they are sent. */
const RAW = 0xf700;

export function toBytes(text: string): Buffer {
  const pieces = text.split(/([\uf700-\uf7ff])/);
  return Buffer.concat(
    pieces.map((piece, i) => (i % 2 === 0 ? Buffer.from(piece) : Buffer.from([piece.charCodeAt(0) - RAW]))),
  );
}
