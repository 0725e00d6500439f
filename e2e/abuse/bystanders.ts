// Two people who chat all the time, in a process of their own: how long their messages take, and whether all arrive.
import { RawClient } from '../clients/raw-client.ts';

export interface Report {
  readonly messages: number;
  readonly lost: number;
  /** milliseconds */
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

const EVERY_MS = 10;

async function main(port: number, domain: string, password: string): Promise<void> {
  const anna = await RawClient.login(port, domain, 'anna', password);
  const carla = await RawClient.login(port, domain, 'carla', password);
  await carla.ask("<presence/><iq type='get' id='1'><ping xmlns='urn:xmpp:ping'/></iq>", /id='1'/);
  const sentAt = new Map<number, number>();
  let times: number[] = [];
  let rest = '';
  carla.onData((text) => {
    const now = performance.now();
    rest += text;
    for (const [, number] of rest.matchAll(/<body>n(\d+)<\/body>/g)) {
      const at = sentAt.get(Number(number));
      if (at !== undefined) times.push(now - at);
      sentAt.delete(Number(number));
    }
    rest = rest.slice(rest.lastIndexOf('</message>') + 1);
    carla.take();
  });
  let number = 0;
  setInterval(() => {
    sentAt.set(++number, performance.now());
    anna.send(`<message to='carla@${domain}' type='chat'><body>n${number}</body></message>`);
  }, EVERY_MS);
  process.on('message', async (what) => {
    if (what === 'begin') {
      times = [];
      return;
    }
    const due = number; // what was sent by now has to arrive, sooner or later
    for (let i = 0; i < 100 && [...sentAt.keys()].some((one) => one <= due); i++)
      await new Promise((resolve) => setTimeout(resolve, 50));
    const sorted = [...times].sort((a, b) => a - b);
    const at = (part: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;
    const lost = [...sentAt.keys()].filter((one) => one <= due).length;
    const report: Report = { messages: sorted.length, lost, p50: at(0.5), p99: at(0.99), max: at(1) };
    process.send?.(report);
  });
  process.send?.('ready');
}

const [, , port = '', domain = '', password = ''] = process.argv;
await main(Number(port), domain, password);
