import { ChaosClient, type Door } from './chaos-client.ts';
import { Dice } from './dice.ts';
import type { History } from './history.ts';
import { DOMAIN } from './site.ts';

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** What somebody is like. */
interface Character {
  readonly account: string;
  readonly devices: readonly string[];
  readonly managed: boolean;
  readonly carbons: boolean;
  /** how much of the time they are away */
  readonly away: number;
  readonly contacts: readonly string[];
}

const CHARACTERS: readonly Character[] = [
  // two pairs that chat all the time
  { account: 'anna', devices: ['x'], managed: true, carbons: false, away: 0, contacts: ['bert', 'tina'] },
  { account: 'bert', devices: ['x'], managed: true, carbons: false, away: 0, contacts: ['anna', 'olga'] },
  { account: 'carl', devices: ['x'], managed: true, carbons: false, away: 0, contacts: ['dora', 'tim'] },
  { account: 'dora', devices: ['x'], managed: true, carbons: false, away: 0, contacts: ['carl', 'olaf'] },
  // one who acknowledges nothing, with one who does
  { account: 'uwe', devices: ['x'], managed: false, carbons: false, away: 0, contacts: ['emma'] },
  { account: 'emma', devices: ['x'], managed: true, carbons: false, away: 0, contacts: ['uwe'] },
  // two with two devices each
  { account: 'tina', devices: ['x', 'y'], managed: true, carbons: true, away: 0, contacts: ['tim', 'anna'] },
  { account: 'tim', devices: ['x', 'y'], managed: true, carbons: true, away: 0, contacts: ['tina', 'carl'] },
  // two who are mostly away
  { account: 'olga', devices: ['x'], managed: true, carbons: false, away: 0.7, contacts: ['bert', 'olaf'] },
  { account: 'olaf', devices: ['x'], managed: true, carbons: false, away: 0.7, contacts: ['dora', 'olga'] },
];

export const PEOPLE = CHARACTERS.map(({ account }) => account);

/** All who chat, and what they do. */
export class People {
  readonly clients: ChaosClient[] = [];
  readonly #doors: () => readonly Door[];
  readonly #characters = new Map<ChaosClient, Character>();
  #settling = false;
  #over = false;
  #going: Promise<unknown> = Promise.resolve();

  constructor(seed: string, history: History, doors: () => readonly Door[]) {
    this.#doors = doors;
    for (const character of CHARACTERS)
      for (const resource of character.devices) {
        const { account, managed, carbons, contacts } = character;
        const dice = new Dice(`${seed}/${account}/${resource}`);
        const client = new ChaosClient({
          domain: DOMAIN,
          account,
          resource,
          managed,
          carbons,
          contacts,
          dice,
          history,
        });
        this.clients.push(client);
        this.#characters.set(client, character);
      }
  }

  begin(): void {
    this.#going = Promise.all(this.clients.map((client) => this.#lives(client)));
  }

  /** Nobody says anything new, and everybody is there. */
  settle(): void {
    this.#settling = true;
  }

  async end(): Promise<void> {
    this.#over = true;
    await this.#going;
    for (const client of this.clients) client.break();
  }

  async #lives(client: ChaosClient): Promise<void> {
    const { dice } = client.parts;
    const character = this.#characters.get(client) as Character;
    while (!this.#over) {
      if (client.gone) client.noticed();
      if (!client.connected) {
        if (!(await client.connect(dice.of(this.#doors())))) await sleep(this.#settling ? 200 : dice.between(100, 600));
        continue;
      }
      if (this.#settling) {
        client.confirm();
        client.ask();
        await sleep(150);
      } else await this.#does(client, character, dice);
    }
  }

  async #does(client: ChaosClient, { away, contacts, account }: Character, dice: Dice): Promise<void> {
    if (dice.chance(0.4)) client.confirm();
    if (dice.chance(0.3)) client.ask();
    if (client.open < 30 && dice.chance(0.6)) {
      const contact = dice.of(contacts);
      const other = this.clients.find((one) => one.account === contact);
      client.say(dice.chance(0.2) && other !== undefined && other.jid !== '' ? other.jid : `${contact}@${DOMAIN}`);
    }
    if (dice.chance(0.01)) client.show();
    if (dice.chance(0.01) && client === this.clients.find((one) => one.account === account))
      client.rename(dice.of(contacts));
    if (dice.chance(0.006)) {
      client.break();
      await sleep(dice.between(0, 1500));
    } else if (dice.chance(0.003)) await client.leave();
    if (away > 0 && dice.chance(0.05)) {
      await client.leave();
      for (let left = dice.between(10, 40); left > 0 && !this.#settling && !this.#over; left--) await sleep(100);
    }
    await sleep(dice.between(20, 120));
  }
}
