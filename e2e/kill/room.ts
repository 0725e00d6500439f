import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import type { NodeUnderTest } from '../clients/node-under-test.ts';
import { RawClient } from '../clients/raw-client.ts';

export const DOMAIN = 'example.org';
export const PASSWORD = 'secret';
export const SM = 'urn:xmpp:sm:3';

/** One thing that goes on while the server is killed. */
export interface Room {
  readonly people: readonly string[];
  /** The server has just started, after a stop of that kind: what was acknowledged must be there. Then goes on until `over`. */
  round(node: NodeUnderTest, stopped: 'kill' | 'stop' | 'never', over: () => boolean): Promise<void>;
  /** The server runs for the last time. Answers with what there was, for people to read. */
  end(node: NodeUnderTest): Promise<string>;
}

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
export const login = (node: NodeUnderTest, name: string): Promise<RawClient> =>
  RawClient.login(node.port, DOMAIN, name, PASSWORD);

/** Asks, and answers with nothing when the connection went before the answer came. */
export async function asks(client: RawClient, text: string, answer: RegExp): Promise<string | undefined> {
  const heard = await client.ask(text, answer);
  return answer.test(heard) ? heard : undefined;
}

/** A session under stream management, which counts (XEP-0198 §4). */
export class Managed {
  readonly client: RawClient;
  /** the session's identifier */
  id = '';
  /** stanzas received and sent since it was enabled */
  received = 0;
  sent = 0;
  /** what the server has said that it handled */
  handled = 0;
  /** numbers of messages that came within this session */
  numbers = new Set<number>();
  #rest = '';
  readonly #onText: (stanza: string) => void;

  constructor(client: RawClient, onText: (stanza: string) => void) {
    this.client = client;
    this.#onText = onText;
    client.onData((text) => this.#take(text));
  }

  #take(text: string): void {
    this.#rest += text;
    const whole = /<(message|presence|iq|a|r|enabled|resumed|failed)(?=[ />])(?:[^>]*\/>|.*?<\/\1>)/gs;
    let end = 0;
    for (const found of this.#rest.matchAll(whole)) {
      end = found.index + found[0].length;
      this.#stanza(found[1] ?? '', found[0]);
    }
    this.#rest = this.#rest.slice(end);
  }

  #stanza(name: string, text: string): void {
    if (name === 'a' || name === 'resumed') this.handled = Number(/ h='(\d+)'/.exec(text)?.[1]);
    if (name === 'enabled') this.id = / id='([^']+)'/.exec(text)?.[1] ?? '';
    if (name !== 'message' && name !== 'presence' && name !== 'iq') return;
    if (this.id !== '') {
      this.received++;
      const number = /<body>n(\d+)<\/body>/.exec(text)?.[1];
      if (number !== undefined) this.numbers.add(Number(number));
    }
    this.#onText(text);
  }

  async enable(): Promise<void> {
    await this.client.must(`<enable xmlns='${SM}' resume='true'/>`, /<enabled [^>]*>/);
  }

  send(stanza: string): void {
    this.sent++;
    this.client.send(stanza);
  }

  ask(): void {
    this.client.send(`<r xmlns='${SM}'/>`);
  }

  acknowledge(): void {
    this.client.send(`<a xmlns='${SM}' h='${this.received}'/>`);
  }
}

/** A login by SCRAM-SHA-1 in the profile of XEP-0388; answers with what came of it. `more`: what else is asked for. */
export async function logIn2(node: NodeUnderTest, name: string, more: string): Promise<string> {
  const ns = 'urn:xmpp:sasl:2';
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  return within(node, async (client) => {
    const challenge = await client.must(
      `<authenticate xmlns='${ns}' mechanism='SCRAM-SHA-1'><initial-response>${base64(`n,,n=${name},r=abc`)}</initial-response>${more}</authenticate>`,
      /<\/challenge>|<\/failure>/,
    );
    const first = Buffer.from(/>([^<]+)<\/challenge>/.exec(challenge)?.[1] ?? '', 'base64').toString();
    const [, nonce = '', salt = '', rounds = ''] = /^r=([^,]+),s=([^,]+),i=(\d+)/.exec(first) ?? [];
    if (nonce === '') return challenge;
    const salted = pbkdf2Sync(PASSWORD, Buffer.from(salt, 'base64'), Number(rounds), 20, 'sha1');
    const key = createHmac('sha1', salted).update('Client Key').digest();
    const signature = createHmac('sha1', createHash('sha1').update(key).digest())
      .update(`n=${name},r=abc,${first},c=biws,r=${nonce}`)
      .digest();
    const proof = Buffer.from(key.map((byte, i) => byte ^ (signature[i] ?? 0))).toString('base64');
    return client.must(
      `<response xmlns='${ns}'>${base64(`c=biws,r=${nonce},p=${proof}`)}</response>`,
      /<\/success>|<\/failure>/,
    );
  });
}

/** A login by a token (XEP-0484). */
export const logInByToken = (node: NodeUnderTest, name: string, token: string, more: string): Promise<string> =>
  within(node, (client) => {
    const hashed = createHmac('sha256', token).update('Initiator').digest();
    const said = Buffer.concat([Buffer.from(`${name}\0`), hashed]).toString('base64');
    return client.must(
      `<authenticate xmlns='urn:xmpp:sasl:2' mechanism='HT-SHA-256-NONE'><initial-response>${said}</initial-response><fast xmlns='urn:xmpp:fast:0'/>${more}</authenticate>`,
      /<\/success>|<\/failure>/,
    );
  });

async function within(node: NodeUnderTest, work: (client: RawClient) => Promise<string>): Promise<string> {
  const client = RawClient.connectTls(node.tlsPort); // XEP-0388 §4: within TLS alone
  try {
    const header = `<stream:stream to='${DOMAIN}' version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>`;
    await client.must(header, /<\/stream:features>/);
    return await work(client);
  } finally {
    client.destroy();
  }
}
