// Messages through an edge whose core is killed: to somebody who is there, to somebody whose connection comes and goes, and
// to somebody who is away.
import assert from 'node:assert/strict';
import type { NodeUnderTest } from '../clients/node-under-test.ts';
import { RawClient } from '../clients/raw-client.ts';
import { DOMAIN, login, Managed, PASSWORD, SM, sleep } from './room.ts';

const AHEAD = 150;
const numberOf = (stanza: string): number => Number(/<body>n(\d+)<\/body>/.exec(stanza)?.[1] ?? Number.NaN);

/** What one person got, in its order. */
class Inbox {
  readonly got: number[] = [];
  /** somebody was seen to leave */
  left = 0;

  take(stanza: string): void {
    const number = numberOf(stanza);
    if (!Number.isNaN(number)) this.got.push(number);
    if (/<presence [^>]*type='unavailable'/.test(stanza)) this.left++;
  }

  /** Each once, in the order in which they were sent. */
  check(who: string, sent: readonly number[]): void {
    const once = new Set(this.got);
    assert.deepEqual(
      sent.filter((number) => !once.has(number)).slice(0, 5),
      [],
      `${who} has not got what was acknowledged`,
    );
    assert.equal(this.got.length, once.size, `${who} got something twice: ${this.#twice()}`);
    assert.deepEqual(
      this.got,
      [...this.got].sort((a, b) => a - b),
      `${who} got them in another order`,
    );
  }

  #twice(): string {
    return this.got
      .filter((number, i) => this.got.indexOf(number) !== i)
      .slice(0, 5)
      .join(', ');
  }
}

export class BehindEdge {
  readonly people = ['sam', 'olga', 'rita', 'away'];
  readonly #node: NodeUnderTest;
  readonly #boxes = { olga: new Inbox(), rita: new Inbox(), away: new Inbox() };
  readonly #sent = { olga: [] as number[], rita: [] as number[], away: [] as number[] };
  #sam!: Managed;
  #olga!: Managed;
  #rita!: Managed;
  #number = 0;
  #resumed = 0;
  #over = false;
  #going: Promise<unknown> | undefined;
  /** the longest time that the answer to a request took, milliseconds */
  longest = 0;
  pings = 0;

  constructor(node: NodeUnderTest) {
    this.#node = node;
  }

  async begin(): Promise<void> {
    this.#olga = await this.#comes('olga');
    this.#rita = await this.#comes('rita');
    this.#sam = new Managed(await login(this.#node, 'sam'), () => {});
    await this.#sam.enable();
    for (const name of ['olga', 'rita']) this.#sam.send(`<presence to='${name}@${DOMAIN}'/>`);
    this.#going = Promise.all([this.#sends(), this.#acknowledges(), this.#comesAndGoes(), this.#asks()]);
    this.#going.catch(() => {});
  }

  async #comes(name: 'olga' | 'rita'): Promise<Managed> {
    const one = new Managed(await login(this.#node, name), (stanza) => this.#boxes[name].take(stanza));
    await one.enable();
    one.send('<presence/>');
    return one;
  }

  async #sends(): Promise<void> {
    const sam = this.#sam;
    while (!this.#over) {
      if (sam.sent - sam.handled < AHEAD) {
        for (const name of ['olga', 'rita', 'away'] as const) {
          this.#sent[name].push(++this.#number);
          sam.send(
            `<message to='${name}@${DOMAIN}' type='chat' id='m${this.#number}'><body>n${this.#number}</body></message>`,
          );
        }
        sam.ask();
      }
      await sleep(2);
    }
  }

  async #acknowledges(): Promise<void> {
    while (!this.#over) {
      this.#olga.acknowledge();
      await sleep(5);
    }
  }

  /** Rita's connection goes with messages on their way; she resumes over another. */
  async #comesAndGoes(): Promise<void> {
    while (!this.#over) {
      for (let i = 0; i < 6 && !this.#over; i++) {
        await sleep(20);
        this.#rita.acknowledge();
      }
      const before = this.#rita;
      before.client.destroy();
      await sleep(30);
      this.#rita = await this.#resumes(before);
    }
  }

  async #resumes(before: Managed): Promise<Managed> {
    const client = await RawClient.authenticate(this.#node.port, DOMAIN, 'rita', PASSWORD);
    const again = new Managed(client, (stanza) => this.#boxes.rita.take(stanza));
    again.id = before.id;
    again.received = before.received;
    const answer = await client.must(
      `<resume xmlns='${SM}' previd='${before.id}' h='${before.received}'/>`,
      /<resumed [^>]*>|<\/failed>|<failed [^>]*\/>/,
    );
    assert.match(answer, /<resumed /, 'her session is there, whatever became of its core');
    this.#resumed++;
    return again;
  }

  /** Somebody asks the server again and again, and waits for each answer. */
  async #asks(): Promise<void> {
    const client = await login(this.#node, 'away');
    while (!this.#over) {
      const from = performance.now();
      await client.must(
        `<iq type='get' to='${DOMAIN}' id='p${++this.pings}'><ping xmlns='urn:xmpp:ping'/></iq>`,
        new RegExp(`id='p${this.pings}'`),
      );
      this.longest = Math.max(this.longest, performance.now() - from);
      await sleep(5);
    }
    client.destroy();
  }

  /** Nothing goes on that should not: @throws what went wrong */
  async check(): Promise<void> {
    await Promise.race([this.#going, sleep(0)]);
    for (const [who, { client }] of Object.entries({ sam: this.#sam, olga: this.#olga }))
      assert.equal(client.closed, false, `${who} was disconnected`);
  }

  /** The core has come back for the last time. Answers with what there was, for people to read. */
  async end(): Promise<string> {
    this.#over = true;
    await this.#going;
    const [sam, olga] = [this.#sam, this.#olga];
    for (let i = 0; i < 100 && sam.handled < sam.sent; i++) {
      sam.ask();
      olga.acknowledge();
      await sleep(50);
    }
    assert.equal(sam.handled, sam.sent, 'all that was sent is acknowledged in the end');
    await sleep(200);
    const away = await login(this.#node, 'away');
    const waited = new Managed(away, (stanza) => this.#boxes.away.take(stanza));
    await away.ask(`<presence/><iq type='get' to='${DOMAIN}' id='end'><ping xmlns='urn:xmpp:ping'/></iq>`, /id='end'/);
    for (let i = 0; i < 100 && this.#boxes.away.got.length < this.#sent.away.length; i++) await sleep(50);
    // a message whose place on disk was all that a dead core left comes when edges have had their time
    for (let i = 0; i < 100 && this.#boxes.rita.got.length < this.#sent.rita.length; i++) await sleep(50);
    for (const { client } of [sam, olga, this.#rita, waited]) client.destroy();
    for (const name of ['olga', 'rita', 'away'] as const) this.#boxes[name].check(name, this.#sent[name]);
    for (const name of ['olga', 'rita'] as const) assert.equal(this.#boxes[name].left, 0, `${name} saw sam leave`);
    assert.ok(this.#number > 300, `only ${this.#number} were sent: the test showed nothing`);
    return `behind an edge: ${this.#number} sent and acknowledged, each there once and in order; rita resumed ${this.#resumed} times; the longest of ${this.pings} answers took ${Math.round(this.longest)} ms`;
  }
}
