import { connect, createServer, type Server, type Socket } from 'node:net';

/** Which bytes: those to the server, those that come from it. */
export type Direction = 'there' | 'back';

/** A TCP connection's way from a node to a server, which can be cut, held and slowed. */
export class Relay {
  readonly #server: Server;
  readonly #target: number;
  readonly #pairs = new Set<{ readonly near: Socket; readonly far: Socket }>();
  #cut = false;
  #delayMs = 0;
  readonly #held = new Set<Direction>();

  private constructor(target: number) {
    this.#target = target;
    this.#server = createServer((near) => this.#accept(near));
  }

  static open(target: number): Promise<Relay> {
    const relay = new Relay(target);
    return new Promise((resolve) => relay.#server.listen(0, '127.0.0.1', () => resolve(relay)));
  }

  get port(): number {
    const at = this.#server.address();
    return typeof at === 'object' && at !== null ? at.port : 0;
  }

  /** Connections are reset, and none is let in. */
  cut(): void {
    this.#cut = true;
    for (const { near, far } of this.#pairs) {
      near.resetAndDestroy();
      far.destroy();
    }
  }

  /** Nothing passes in these directions, and nobody is told. */
  hold(directions: readonly Direction[]): void {
    for (const direction of directions) this.#held.add(direction);
    this.#apply();
  }

  slow(ms: number): void {
    this.#delayMs = ms;
  }

  heal(): void {
    this.#cut = false;
    this.#delayMs = 0;
    this.#held.clear();
    this.#apply();
  }

  close(): void {
    this.#cut = true;
    // a socket that is reset twice, by us and by its end, leaves its handle open, and the process running
    for (const { near, far } of this.#pairs) {
      near.destroy();
      far.destroy();
    }
    this.#server.close();
  }

  #accept(near: Socket): void {
    near.on('error', () => {});
    if (this.#cut) {
      near.resetAndDestroy();
      return;
    }
    const far = connect(this.#target, '127.0.0.1');
    far.on('error', () => {});
    near.setNoDelay(true);
    far.setNoDelay(true);
    const pair = { near, far };
    this.#pairs.add(pair);
    this.#pump(near, far);
    this.#pump(far, near);
    near.on('close', () => {
      this.#pairs.delete(pair);
      if (this.#delayMs === 0) far.destroy();
      else setTimeout(() => far.destroy(), this.#delayMs);
    });
    far.on('close', () => near.destroy());
    this.#apply();
  }

  #pump(from: Socket, to: Socket): void {
    let last = 0;
    from.on('data', (data) => {
      if (this.#delayMs === 0 && Date.now() >= last) {
        to.write(data);
        return;
      }
      // what was slowed is not overtaken when it is healed
      last = Math.max(last, Date.now() + this.#delayMs);
      setTimeout(() => to.write(data), Math.max(0, last - Date.now()));
    });
  }

  #apply(): void {
    for (const { near, far } of this.#pairs) {
      if (this.#held.has('there')) near.pause();
      else near.resume();
      if (this.#held.has('back')) far.pause();
      else far.resume();
    }
  }
}
