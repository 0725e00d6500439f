// Attacks of those who have logged in: floods, amplification, not reading.
import type { RawClient } from '../clients/raw-client.ts';
import { type Attack, AUDIENCE, BAD, count, DOMAIN, sleep, type Target } from './target.ts';

/** Sends the same again and again as fast as the server takes it, for so long; answers how often it was sent. */
async function pour(client: RawClient, text: (i: number) => string, seconds: number): Promise<number> {
  const end = Date.now() + seconds * 1000;
  let i = 0;
  while (Date.now() < end && !client.closed) {
    if (client.waiting > 100_000) await sleep(5);
    else for (let k = 0; k < 50; k++) client.send(text(i++));
    if (i % 500 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  return i;
}

const ping = (i: number) => `<iq type='get' id='p${i}' to='${DOMAIN}'><ping xmlns='urn:xmpp:ping'/></iq>`;

const tiny: Attack = {
  name: 'tiny stanzas',
  async run(target, seconds) {
    const client = await target.login('mallory', BAD);
    client.take();
    await pour(client, ping, seconds);
    const answers = count(client.heard, /id='p/g);
    const alive = !client.closed;
    client.destroy();
    return {
      got: `${answers} pings answered in ${seconds} s, ${alive ? 'slowed down' : 'cut off'}`,
      held: alive && answers < 2600 + 260 * seconds,
    };
  },
};

const large: Attack = {
  name: 'stanzas of 200 kB',
  async run(target, seconds) {
    const client = await target.login('mallory', BAD);
    const body = 'x'.repeat(200_000);
    await pour(
      client,
      (i) => `<iq type='get' id='p${i}' to='${DOMAIN}'><ping xmlns='urn:xmpp:ping'/><x xmlns='x'>${body}</x></iq>`,
      seconds,
    );
    const answers = count(client.heard, /id='p/g);
    client.destroy();
    return { got: `${answers * 200} kB taken in ${seconds} s`, held: answers * 200 < 1200 + 70 * seconds + 200 };
  },
};

const rosterSets: Attack = {
  name: 'changes of the roster, each a write to disk',
  async run(target, seconds) {
    const client = await target.login('mallory', BAD);
    await client.ask("<iq type='get' id='r'><query xmlns='jabber:iq:roster'/></iq>", /id='r'/);
    client.take();
    const set = (i: number) =>
      `<iq type='set' id='p${i}'><query xmlns='jabber:iq:roster'><item jid='c${i % 4000}@${DOMAIN}'/></query></iq>`;
    await pour(client, set, seconds);
    const answers = count(client.heard, /type='result' id='p|id='p\d+' type='result'|id='p\d+'/g);
    client.destroy();
    return { got: `${answers} changes in ${seconds} s`, held: answers < 2600 + 260 * seconds };
  },
};

/** Everybody of the audience sees mallory's presence. */
async function gather(target: Target): Promise<{ mallory: RawClient; fans: RawClient[] }> {
  const mallory = await target.login('mallory', BAD);
  mallory.send('<presence/>');
  const fans: RawClient[] = [];
  for (let i = 0; i < AUDIENCE; i++) {
    const fan = await target.login(`fan${i}`, '127.0.88.1');
    fans.push(fan);
    fan.send(`<presence/><presence type='subscribe' to='mallory@${DOMAIN}'/>`);
    mallory.send(`<presence type='subscribed' to='fan${i}@${DOMAIN}'/>`);
    if (i % 10 === 9) await sleep(50);
  }
  const last = fans.at(-1);
  await last?.until(() => /subscribed|from='mallory@/.test(last.heard));
  await sleep(500);
  for (const fan of fans) fan.take();
  return { mallory, fans };
}

const presences: Attack = {
  name: `presence that ${AUDIENCE} people get`,
  async run(target, seconds) {
    const { mallory, fans } = await gather(target);
    await pour(mallory, (i) => `<presence><status>${i}</status></presence>`, seconds);
    await sleep(300);
    const each = fans.map((fan) => count(fan.heard, /<status>/g));
    const sum = each.reduce((a, b) => a + b, 0);
    for (const client of [mallory, ...fans]) client.destroy();
    const most = ((2600 + 260 * seconds) / (1 + AUDIENCE / 10)) * AUDIENCE * 1.2;
    return { got: `${sum} presences reached others in ${seconds} s`, held: sum > 0 && sum < most };
  },
};

const deaf: Attack = {
  name: 'a receiver that does not read',
  async run(target) {
    const [before, memory] = [await target.refused('reading'), target.memory];
    const sleeper = await target.login('sleeper', '127.0.66.9');
    sleeper.send('<presence/>');
    await sleep(100);
    sleeper.stopReading();
    const senders = await Promise.all(Array.from({ length: 18 }, (_, i) => target.login('mallory', `127.0.66.1${i}`)));
    const body = 'x'.repeat(100_000);
    const work = senders.map((sender) =>
      pour(sender, () => `<message to='sleeper@${DOMAIN}' type='chat'><body>${body}</body></message>`, 8),
    );
    let peak = 0;
    for (let i = 0; i < 80; i++) {
      peak = Math.max(peak, target.memory - memory);
      await sleep(100);
      if ((await target.refused('reading')) > before) break;
    }
    const ended = (await target.refused('reading')) > before;
    for (const sender of senders) sender.destroy();
    await Promise.all(work);
    sleeper.destroy();
    return {
      got: `${ended ? 'its connection was ended' : 'still connected'}; memory grew by ${Math.round(peak / 1e6)} MB at most`,
      held: ended && peak < 150e6,
    };
  },
};

const greedy: Attack = {
  name: 'who asks and does not read the answers',
  async run(target, seconds) {
    const memory = target.memory;
    const client = await target.login('mallory', BAD);
    client.stopReading();
    const sent = await pour(
      client,
      (i) => `<iq type='get' id='p${i}' to='${DOMAIN}'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>`,
      seconds,
    );
    const grown = target.memory - memory;
    client.destroy();
    return { got: `${sent} questions; memory grew by ${Math.round(grown / 1e6)} MB`, held: grown < 60e6 };
  },
};

export const FLOODING: readonly Attack[] = [tiny, large, rosterSets, presences, deaf, greedy];
