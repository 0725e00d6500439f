import type { Dice } from './dice.ts';
import type { Direction } from './relay.ts';
import type { Site } from './site.ts';

/** One thing that goes wrong, as the seed has it. */
export interface Fault {
  readonly name: string;
  /** milliseconds after the one before has begun */
  readonly after: number;
  /** how long it lasts, milliseconds */
  readonly lasts: number;
  readonly node: number;
  readonly how: string;
}

/** Does it, lets it last, and mends it. */
type Deed = (site: Site, fault: Fault, last: () => Promise<void>) => Promise<void>;

interface Kind {
  readonly hows: readonly string[];
  /** how long, seconds */
  readonly lasts: readonly [number, number];
  readonly weight: number;
  readonly deed: Deed;
}

const directions: Readonly<Record<string, readonly Direction[]>> = {
  both: ['there', 'back'],
  there: ['there'],
  back: ['back'],
};

/** Between a node and a server: cut, or held one way or both. */
const between =
  (of: 'nats' | 'postgres'): Deed =>
  async (site, { node, how }, last) => {
    const relay = site.node(node)[of];
    if (how === 'cut') relay.cut();
    else if (how === 'slow') relay.slow(150);
    else relay.hold(directions[how] ?? []);
    await last();
    relay.heal();
  };

export const KINDS: Readonly<Record<string, Kind>> = {
  kill: {
    ...{ hows: [''], lasts: [0.2, 6], weight: 4 },
    deed: async (site, { node }, last) => {
      await site.node(node).end('SIGKILL');
      await last();
      site.node(node).start();
    },
  },
  pause: {
    ...{ hows: [''], lasts: [0.5, 12], weight: 4 },
    deed: async (site, { node }, last) => {
      site.node(node).pause();
      await last();
      site.node(node).goOn();
    },
  },
  stop: {
    ...{ hows: [''], lasts: [0.2, 5], weight: 2 },
    deed: async (site, { node }, last) => {
      await site.node(node).end('SIGTERM');
      await last();
      site.node(node).start();
    },
  },
  drain: {
    ...{ hows: [''], lasts: [0.5, 3], weight: 2 },
    deed: async (site, { node }, last) => {
      await site
        .node(node)
        .drain()
        .catch(() => {});
      await last();
      await site.node(node).end('SIGTERM');
      site.node(node).start();
    },
  },
  'cut-nats': { hows: ['cut', 'both', 'there', 'back', 'slow'], lasts: [0.3, 10], weight: 4, deed: between('nats') },
  'cut-postgres': {
    hows: ['cut', 'both', 'there', 'back', 'slow'],
    lasts: [0.3, 10],
    weight: 3,
    deed: between('postgres'),
  },
  alone: {
    ...{ hows: ['cut', 'both'], lasts: [0.5, 8], weight: 2 },
    deed: async (site, { node, how }, last) => {
      for (const relay of [site.node(node).nats, site.node(node).postgres])
        if (how === 'cut') relay.cut();
        else relay.hold(['there', 'back']);
      await last();
      site.node(node).nats.heal();
      site.node(node).postgres.heal();
    },
  },
  nats: {
    ...{ hows: [''], lasts: [0.1, 8], weight: 2 },
    deed: async (site, _fault, last) => {
      await site.nats.stop();
      await last();
      if (!site.nats.running) await site.nats.start();
    },
  },
  postgres: {
    ...{ hows: ['immediate', 'kill', 'freeze'], lasts: [0.1, 8], weight: 3 },
    deed: async (site, { how }, last) => {
      if (how === 'freeze') {
        let goOn = () => {};
        try {
          goOn = site.postgres.freeze();
        } catch {
          // it is down by another fault
        }
        await last();
        goOn();
        return;
      }
      if (how === 'kill') {
        try {
          process.kill(site.postgres.pid, 'SIGKILL');
        } catch {
          // it is down by another fault
        }
      } else await site.postgres.fallen();
      await last();
      await site.postgresUp();
    },
  },
  clock: {
    ...{ hows: ['-3600', '-20', '-1', '2', '45', '86400'], lasts: [2, 8], weight: 2 },
    deed: async (site, { node, how }, last) => {
      site.node(node).skew(Number(how));
      await last();
      site.node(node).skew(0);
    },
  },
  disk: {
    ...{ hows: [''], lasts: [1, 6], weight: 1 },
    deed: async (site, _fault, last) => {
      site.fill();
      await last();
      site.unfill();
      await site.postgresUp();
    },
  },
  all: {
    ...{ hows: ['SIGKILL', 'SIGTERM'], lasts: [0.1, 3], weight: 1 },
    deed: async (site, { how }, last) => {
      await Promise.all(site.nodes.map((node) => node.end(how as NodeJS.Signals)));
      await site.nats.stop();
      await site.postgres.fallen();
      await last();
      if (!site.nats.running) await site.nats.start();
      await site.postgresUp();
      for (const node of site.nodes) node.start();
    },
  },
};

/** What goes wrong, and when: nothing but the seed decides. */
export function planOf(dice: Dice, count: number, names: readonly string[]): Fault[] {
  const pot = names.flatMap((name) => Array.from({ length: KINDS[name]?.weight ?? 0 }, () => name));
  let before = 0;
  return Array.from({ length: count }, () => {
    const name = dice.of(pot);
    const { hows, lasts } = KINDS[name] as Kind;
    // mostly short, for what a lease does not notice, and sometimes as long as it goes
    const share = dice.next() ** 2;
    const ms = Math.round((lasts[0] + (lasts[1] - lasts[0]) * share) * 1000);
    // some begin before the one before is over
    const after = dice.chance(0.3) ? Math.round(before * dice.next()) : before + dice.between(300, 2500);
    before = ms;
    return { name, after, lasts: ms, node: dice.between(0, 3), how: dice.of(hows) };
  });
}

export const tellOf = ({ name, how, node, lasts }: Fault): string =>
  `${name}${how === '' ? '' : ` ${how}`}${/nats$|postgres$|disk|all/.test(name) && !name.startsWith('cut') ? '' : ` ${'abc'[node]}`} for ${(lasts / 1000).toFixed(1)} s`;
