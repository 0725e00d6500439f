// Changes of a roster, and subscriptions that come and go.
import assert from 'node:assert/strict';
import type { NodeUnderTest } from '../clients/node-under-test.ts';
import type { RawClient } from '../clients/raw-client.ts';
import { asks, DOMAIN, login, type Room } from './room.ts';

const GET = "<iq type='get' id='get'><query xmlns='jabber:iq:roster'/></iq>";

async function rosterOf(client: RawClient): Promise<Map<string, string>> {
  const text = await client.must(GET, /<\/query><\/iq>|<query [^>]*\/><\/iq>/);
  const items = [...text.matchAll(/<item [^>]*>/g)].map(
    ([item]) => [/jid='([^']+)'/.exec(item)?.[1] ?? '', item] as const,
  );
  return new Map(items);
}

export class Rosters implements Room {
  readonly people = ['rosa'];
  readonly #known = new Map<number, number>();
  readonly #sent = new Map<number, number>();
  #version = 0;

  async round(node: NodeUnderTest, _stopped: unknown, over: () => boolean): Promise<void> {
    const rosa = await login(node, 'rosa');
    await this.#check(rosa);
    while (!over() && !rosa.closed) {
      const [key, version] = [this.#version % 50, ++this.#version];
      this.#sent.set(key, version);
      const done = await asks(
        rosa,
        `<iq type='set' id='s${version}'><query xmlns='jabber:iq:roster'><item jid='c${key}@${DOMAIN}' name='v${version}'/></query></iq>`,
        new RegExp(`id='s${version}'`),
      );
      if (done !== undefined) this.#known.set(key, version);
    }
    rosa.destroy();
  }

  async #check(rosa: RawClient): Promise<void> {
    const items = await rosterOf(rosa);
    for (const [key, known] of this.#known) {
      const there = Number(/name='v(\d+)'/.exec(items.get(`c${key}@${DOMAIN}`) ?? '')?.[1]);
      assert.ok(
        there >= known && there <= (this.#sent.get(key) ?? 0),
        `c${key}: v${known} was acknowledged, v${there} is there`,
      );
    }
  }

  async end(node: NodeUnderTest): Promise<string> {
    const rosa = await login(node, 'rosa');
    await this.#check(rosa);
    rosa.destroy();
    return `roster: ${this.#version} changes of ${this.#known.size} items, none acknowledged and lost`;
  }
}

/** How the two sides look after each step of a subscription (RFC 6121 §A.2). */
const STEPS = [
  { who: 'pete', type: 'unsubscribed', sue: /subscription='none'(?!.*ask=)|^$/, pete: /subscription='none'|^$/ },
  {
    who: 'sue',
    type: 'subscribe',
    sue: /subscription='none'.*ask='subscribe'|ask='subscribe'.*subscription='none'/,
    pete: /subscription='none'|^$/,
  },
  { who: 'pete', type: 'subscribed', sue: /subscription='to'/, pete: /subscription='from'/ },
] as const;

export class Subscriptions implements Room {
  readonly people = ['sue', 'pete'];
  /** the last step that was acknowledged; the next may have been done as well */
  #step = 0;
  #steps = 0;
  #halves = 0;

  async round(node: NodeUnderTest, _stopped: unknown, over: () => boolean): Promise<void> {
    const [sue, pete] = [await login(node, 'sue'), await login(node, 'pete')];
    await this.#check(sue, pete);
    while (!over() && !sue.closed && !pete.closed) {
      const next = (this.#step + 1) % STEPS.length;
      const { who, type } = STEPS[next] ?? STEPS[0];
      const [one, other] = who === 'sue' ? [sue, 'pete'] : [pete, 'sue'];
      const id = `d${++this.#steps}`;
      const done = await asks(
        one,
        `<presence type='${type}' to='${other}@${DOMAIN}'/><iq type='get' id='${id}' to='${DOMAIN}'><ping xmlns='urn:xmpp:ping'/></iq>`,
        new RegExp(`id='${id}'`),
      );
      if (done === undefined) break;
      this.#step = next;
    }
    for (const client of [sue, pete]) client.destroy();
  }

  async #check(sue: RawClient, pete: RawClient, again = false): Promise<void> {
    const [hers, his] = [
      (await rosterOf(sue)).get(`pete@${DOMAIN}`) ?? '',
      (await rosterOf(pete)).get(`sue@${DOMAIN}`) ?? '',
    ];
    const may = [STEPS[this.#step], STEPS[(this.#step + 1) % STEPS.length]].filter((step) => step !== undefined);
    const fits = may.find((step) => step.sue.test(hers) && step.pete.test(his));
    const halfDone = may.some((step) => step.sue.test(hers)) && may.some((step) => step.pete.test(his));
    if (fits === undefined && halfDone && !again) {
      // one side of a step that nobody was told of: her client asks once more, as RFC 6121 §3.1.3 and §3.3 have it
      this.#halves++;
      const type = this.#step === 1 ? 'subscribe' : 'unsubscribe';
      await sue.must(
        `<presence type='${type}' to='pete@${DOMAIN}'/><iq type='get' id='h' to='${DOMAIN}'><ping xmlns='urn:xmpp:ping'/></iq>`,
        /id='h'/,
      );
      await this.#check(sue, pete, true);
      return;
    }
    assert.ok(fits, `after '${STEPS[this.#step]?.type}' sue has ${hers}, pete ${his}`);
    // a request that nobody was told of may have been noted by its sender alone, whose roster looks the same: it is repeated
    const next = STEPS.indexOf(fits);
    if (next !== 1 || this.#step === 1) this.#step = next;
  }

  async end(node: NodeUnderTest): Promise<string> {
    const [sue, pete] = [await login(node, 'sue'), await login(node, 'pete')];
    await this.#check(sue, pete);
    for (const client of [sue, pete]) client.destroy();
    return `subscriptions: ${this.#steps} steps, each as acknowledged; ${this.#halves} times a step that nobody was told of was done on one side`;
  }
}
