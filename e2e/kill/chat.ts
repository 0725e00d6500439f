// Messages to somebody who is away, to somebody who is there, and to somebody whose connection has gone for a while.
import assert from 'node:assert/strict';
import type { NodeUnderTest } from '../clients/node-under-test.ts';
import { RawClient } from '../clients/raw-client.ts';
import { asks, DOMAIN, login, Managed, PASSWORD, type Room, SM, sleep } from './room.ts';

const PING = `<iq type='get' to='${DOMAIN}' id='end'><ping xmlns='urn:xmpp:ping'/></iq>`;
const AHEAD = 200;

/** What one person was sent, has got, and surely needs no more. */
class Inbox {
  /** the sender knows that they were taken */
  readonly known = new Set<number>();
  readonly got = new Map<number, number>();
  /** the server has said something after it was told that they had arrived */
  readonly sure = new Set<number>();
  readonly twice: number[] = [];

  take(stanza: string): void {
    const number = Number(/<body>n(\d+)<\/body>/.exec(stanza)?.[1] ?? Number.NaN);
    if (Number.isNaN(number)) return;
    if (this.sure.has(number)) this.twice.push(number);
    this.got.set(number, (this.got.get(number) ?? 0) + 1);
  }

  check(who: string): void {
    assert.deepEqual(this.twice.slice(0, 5), [], `${who} got again what was acknowledged`);
    const lost = [...this.known].filter((number) => !this.got.has(number));
    assert.deepEqual(
      lost.slice(0, 5),
      [],
      `${lost.length} of ${this.known.size} acknowledged messages to ${who} are lost`,
    );
  }
}

export class Chat implements Room {
  readonly people = ['sam', 'away', 'olga', 'rita'];
  readonly #boxes = { away: new Inbox(), olga: new Inbox(), rita: new Inbox() };
  #number = 0;
  #rita: Managed | undefined;
  /** the last process had her session */
  #alive = false;
  #resumed = 0;
  #notFound = 0;

  async round(node: NodeUnderTest, stopped: 'kill' | 'stop' | 'never', over: () => boolean): Promise<void> {
    const alive = this.#alive;
    this.#alive = false;
    const olga = await this.#there(node, 'olga');
    const rita = await this.#back(node, stopped, alive);
    const sam = new Managed(await login(node, 'sam'), () => {});
    await sam.enable();
    const acknowledging = this.#acknowledges(olga, this.#boxes.olga, over);
    const sent: (readonly [number, Inbox])[] = [];
    let noted = 0;
    const note = () => {
      for (; noted < Math.min(sam.handled, sent.length); noted++) {
        const [number, box] = sent[noted] ?? [0, undefined];
        box?.known.add(number);
      }
    };
    let leaves = 3 + (this.#number % 5);
    while (!over() && !sam.client.closed) {
      note();
      if (sam.sent - sam.handled < AHEAD) {
        for (const [name, box] of Object.entries(this.#boxes)) {
          sent.push([++this.#number, box]);
          sam.send(
            `<message to='${name}@${DOMAIN}' type='chat' id='m${this.#number}'><body>n${this.#number}</body></message>`,
          );
        }
        sam.ask();
      }
      if (--leaves === 0) rita.client.destroy(); // with messages on their way to her; her session waits for her
      await sleep(1);
    }
    await sam.client.until(() => sam.client.closed);
    note();
    await acknowledging;
    for (const { client } of [sam, olga, rita]) client.destroy();
  }

  async #there(node: NodeUnderTest, name: 'olga' | 'rita'): Promise<Managed> {
    const box = this.#boxes[name];
    const one = new Managed(await login(node, name), (stanza) => box.take(stanza));
    await one.enable();
    one.send('<presence/>');
    return one;
  }

  /** What has arrived is acknowledged now and then; when a ping is answered after that, it may not come again. */
  async #acknowledges(one: Managed, box: Inbox, over: () => boolean): Promise<void> {
    while (!over() && !one.client.closed) {
      const arrived = [...one.numbers].slice(-2000);
      one.acknowledge();
      if ((await asks(one.client, PING, /id='end'/)) !== undefined) for (const number of arrived) box.sure.add(number);
      one.sent++;
      await sleep(3);
    }
  }

  /** Rita asks for the session that she had: it is there after a stop, and after a kill it is not. */
  async #back(node: NodeUnderTest, stopped: 'kill' | 'stop' | 'never', alive: boolean): Promise<Managed> {
    const before = this.#rita;
    if (before !== undefined && before.id !== '') {
      const client = await RawClient.authenticate(node.port, DOMAIN, 'rita', PASSWORD);
      const box = this.#boxes.rita;
      const again = new Managed(client, (stanza) => box.take(stanza));
      again.id = before.id;
      again.received = before.received;
      const answer = await client.must(
        `<resume xmlns='${SM}' previd='${before.id}' h='${before.received}'/>`,
        /<resumed [^>]*>|<\/failed>|<failed [^>]*\/>/,
      );
      if (stopped === 'stop' && alive) assert.match(answer, /<resumed /, 'a session outlives a stop');
      if (stopped === 'stop' && answer.includes('<resumed ')) {
        assert.ok(again.handled <= before.sent, `it has handled ${again.handled} of ${before.sent}`);
        this.#resumed++;
        again.sent = again.handled;
        for (const number of before.numbers) again.numbers.add(number);
        again.acknowledge();
        const known = [...again.numbers];
        if ((await asks(client, PING, /id='end'/)) !== undefined) for (const number of known) box.sure.add(number);
        again.sent++;
        this.#rita = again;
        this.#alive = true;
        return again;
      }
      assert.match(answer, /<item-not-found/, 'after a kill there is no session to resume');
      this.#notFound++;
      client.destroy();
    }
    this.#rita = undefined;
    this.#rita = await this.#there(node, 'rita');
    this.#alive = true;
    return this.#rita;
  }

  async end(node: NodeUnderTest): Promise<string> {
    for (const [name, box] of Object.entries(this.#boxes)) {
      const one = new Managed(await login(node, name), (stanza) => box.take(stanza));
      await one.client.ask(`<presence/>${PING}`, /id='end'/);
      await sleep(300);
      one.client.destroy();
      box.check(name);
      assert.ok(box.known.size > 50, `only ${box.known.size} to ${name} were acknowledged: the test showed nothing`);
    }
    const { away } = this.#boxes;
    assert.deepEqual(
      [...away.got].filter(([, times]) => times > 1).slice(0, 5),
      [],
      'what waited for away is there twice',
    );
    const sums = Object.entries(this.#boxes).map(
      ([name, { known, got }]) => `${name} ${known.size} acknowledged, ${got.size} there`,
    );
    return `chat: ${this.#number} sent; ${sums.join('; ')}; ${this.#resumed} resumed after a stop, ${this.#notFound} not found after a kill`;
  }
}
