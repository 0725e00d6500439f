import type { Login } from '../sasl/mechanism.ts';
import { digestLength, freshSalt, keysOf, type ScramMechanism } from '../sasl/scram-keys.ts';
import type { Bytes } from '../xml/chars.ts';
import { type Element, el } from '../xml/element.ts';
import { NS } from '../xmpp/namespaces.ts';
import { readBase64 } from './base64.ts';
import type { LoginOutcome } from './login-outcome.ts';
import type { Upgrades } from './ports.ts';

/** The tasks between a login and its success: the client hands in keys that its account lacks (XEP-0480 §3). */
export class UpgradeTasks {
  readonly #upgrades: Upgrades;
  readonly #login: Login;
  readonly #left: ScramMechanism[];
  readonly #then: LoginOutcome;
  #salt: Buffer | undefined;

  constructor(upgrades: Upgrades, login: Login, wanted: readonly ScramMechanism[], then: LoginOutcome) {
    this.#upgrades = upgrades;
    this.#login = login;
    this.#left = [...wanted];
    this.#then = then;
  }

  /** What asks for the next task; `data`: the mechanism's last words, with the first. */
  next(data: Buffer | undefined): Bytes {
    const words = data === undefined ? [] : [el('additional-data', NS.sasl2, {}, data.toString('base64'))];
    const task = el('task', NS.sasl2, {}, `UPGR-${this.#left[0]}`);
    return el('continue', NS.sasl2, {}, ...words, el('tasks', NS.sasl2, {}, task)).serialize(NS.client);
  }

  /** Takes the client's part; answers with ours, with what follows when all is done, or undefined when it was wrong. */
  async take(element: Element): Promise<Bytes | LoginOutcome | undefined> {
    const [mechanism] = this.#left;
    if (mechanism === undefined) return undefined;
    if (element.name === 'next' && this.#salt === undefined) {
      if (element.attributes['task'] !== `UPGR-${mechanism}`) return undefined;
      this.#salt = freshSalt();
      const iterations = String(this.#upgrades.iterations);
      const salt = el('salt', NS.scramUpgrade, { iterations }, this.#salt.toString('base64'));
      return el('task-data', NS.sasl2, {}, salt).serialize(NS.client);
    }
    const salted = readBase64(element.child('hash', NS.scramUpgrade)?.text.trim() ?? '');
    if (element.name !== 'task-data' || this.#salt === undefined || salted?.length !== digestLength(mechanism))
      return undefined;
    const keys = keysOf(mechanism, salted, this.#salt, this.#upgrades.iterations);
    await this.#upgrades.store(this.#login.name, mechanism, keys);
    this.#salt = undefined;
    this.#left.shift();
    return this.#left.length > 0 ? this.next(undefined) : this.#then;
  }
}
