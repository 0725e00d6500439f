import { type AccountClients, clientsOf } from './accounts/clients.ts';
import { moduleAccounts } from './accounts/module-accounts.ts';
import { Users } from './accounts/users.ts';
import { digest } from './digest.ts';
import { modules } from './modules/index.ts';
import type { Contacts, Module } from './router/module.ts';
import type { Others } from './router/others.ts';
import { Router } from './router/router.ts';
import { type Fate, Session } from './router/session.ts';
import { MemoryStores } from './storage/memory/memory-stores.ts';
import type { Stores } from './storage/stores.ts';
import { encode } from './xml/chars.ts';
import { type Element, parseElement } from './xml/element.ts';
import { readTag } from './xml/tag.ts';
import { NS } from './xmpp/namespaces.ts';

export const DOMAIN = 'example.org';

/** A domain with people in it, without sockets: stanzas go in as text and come out as elements. */
export class World {
  readonly stores: Stores;
  readonly router: Router;
  readonly users: Users;
  readonly faults: string[] = [];
  /** whose tokens were revoked */
  readonly revoked: string[] = [];
  readonly clients: Client[] = [];
  /** the clients of accounts and their tokens */
  readonly devices: AccountClients;
  now = Date.parse('2026-11-24T12:00:00Z');

  constructor(
    stores: Stores = new MemoryStores(),
    limits = {},
    contacts: Contacts = {},
    extra: readonly Module[] = [],
    others?: Others,
  ) {
    this.stores = stores;
    this.router = new Router({
      domain: DOMAIN,
      stores,
      modules: [...modules, ...extra],
      version: '1.2.3',
      limits: { offlineMessages: 5, rosterItems: 10, blocklistItems: 5, sessionsPerAccount: 3, ...limits },
      contacts,
      admins: [`admin@${DOMAIN}`],
      accounts: () => moduleAccounts(this.users),
      digest,
      others,
      now: () => this.now,
      onFault: (error, what) => this.faults.push(`${what}: ${error instanceof Error ? error.message : error}`),
    });
    const { router } = this;
    this.devices = clientsOf({ 'auth.token_days': 1 }, stores, () => this.now);
    const { devices } = this;
    const clients = {
      revokeAll: (name: string) => {
        this.revoked.push(name);
        return devices.revokeAll(name);
      },
      list: (name: string) => devices.list(name),
      revoke: (name: string, id: string) => devices.revoke(name, id),
    };
    this.users = new Users({ domain: DOMAIN, stores, iterations: 4096, clients, router, now: () => this.now });
  }

  async people(...names: string[]): Promise<void> {
    for (const name of names)
      await this.stores.accounts.add({ name, state: 'active', createdAt: this.now, lastSeenAt: null, keys: {} });
  }

  /** Binds `name/resource`; with presence unless told otherwise. */
  async come(jid: string, presence = '<presence/>'): Promise<Client> {
    const [name = '', resource = ''] = jid.split('/');
    const client = new Client(this);
    const peer = { address: '192.0.2.1:50000', transport: 'tls', tls: 'TLSv1.3', mechanism: 'SCRAM-SHA-256' } as const;
    const session = await this.router.open(name, resource, peer, {
      send: (bytes, receipt) => {
        client.incoming.push(bytes);
        if (receipt !== undefined) client.receipts.push(receipt);
        return undefined;
      },
      get managed() {
        return client.managed;
      },
      owe: () => {},
      hold: (until) => client.holds.push(until),
      drained: () => client.drained(),
      end: (condition) => client.ended.push(condition),
    });
    if (!(session instanceof Session)) throw session;
    client.session = session;
    this.clients.push(client);
    if (presence !== '') {
      await client.says('<iq type="get" id="roster"><query xmlns="jabber:iq:roster"/></iq>');
      await client.says(presence);
      for (const one of this.clients) one.incoming.length = 0;
    }
    return client;
  }

  /** Makes two people each other's contacts, as their clients would. */
  async befriend(a: string, b: string): Promise<void> {
    const [one, two] = [await this.come(`${a}/befriend`), await this.come(`${b}/befriend`)];
    await one.says(`<presence to='${b}@${DOMAIN}' type='subscribe'/>`);
    await two.says(`<presence to='${a}@${DOMAIN}' type='subscribed'/>`);
    await two.says(`<presence to='${a}@${DOMAIN}' type='subscribe'/>`);
    await one.says(`<presence to='${b}@${DOMAIN}' type='subscribed'/>`);
    await one.leaves();
    await two.leaves();
    for (const client of this.clients) client.incoming.length = 0;
  }
}

export class Client {
  readonly incoming: string[] = [];
  readonly holds: Promise<unknown>[] = [];
  /** it acknowledges what it gets, when a test has it do so by these */
  managed = false;
  readonly receipts: Fate[] = [];
  readonly ended: string[] = [];
  readonly #world: World;
  /** how the client's reading goes; a test may replace it */
  drained: () => Promise<void> = async () => {};
  session!: Session;

  constructor(world: World) {
    this.#world = world;
  }

  /** Sends one stanza, and waits until it was handled. */
  async says(xml: string): Promise<void> {
    const raw = encode(xml);
    const tag = readTag(raw, 0, 100);
    if (tag === undefined) throw new Error('no stanza');
    await this.#world.router.receive(this.session, tag, raw);
    await Promise.all(this.holds);
    for (let i = 0; i < 50; i++) await Promise.resolve(); // what nothing waits for
  }

  async leaves(): Promise<void> {
    await this.#world.router.close(this.session);
  }

  /** What has come since the last time, as elements. */
  hears(): Element[] {
    return this.incoming.splice(0).map((raw) => parseElement(raw, NS.client));
  }

  /** The same in one line each: `presence from=… type=…`, attributes in a fixed order. */
  hearsBriefly(): string[] {
    return this.hears().map((element) => {
      const { from = '', to = '', type = '', id = '' } = element.attributes;
      const parts = [
        element.name,
        `from=${from}`,
        `to=${to}`,
        ...(type === '' ? [] : [`type=${type}`]),
        ...(id === '' ? [] : [`id=${id}`]),
      ];
      return parts.join(' ').replaceAll(`@${DOMAIN}`, '@');
    });
  }

  /** Asks, and answers with the answer. */
  async asks(xml: string): Promise<Element> {
    this.incoming.length = 0;
    await this.says(xml);
    const answers = this.hears().filter((element) => element.name === 'iq' && element.attributes['type'] !== 'set');
    if (answers.length !== 1 || answers[0] === undefined) throw new Error(`${answers.length} answers to ${xml}`);
    return answers[0];
  }
}

/** The condition of an error stanza. */
export function conditionOf(element: Element | undefined): string {
  return (
    element?.child('error')?.elements.find((child) => child.ns === NS.stanzaErrors && child.name !== 'text')?.name ?? ''
  );
}
