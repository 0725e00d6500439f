import type { Bus } from './bus.ts';

/** What the buses of one process share: for tests, which may cut, lose and hold what is sent. */
export class MemoryMesh {
  readonly #takers = new Map<string, { readonly bus: MemoryBus; take(data: Uint8Array): void }[]>();
  /** Whether a datagram gets there; all do unless a test says otherwise. */
  passes: (from: string, to: string, data: Uint8Array) => boolean = () => true;

  bus(name: string, most = 1_048_576): MemoryBus {
    return new MemoryBus(this, name, most);
  }

  publish(from: MemoryBus, subject: string, data: Uint8Array): void {
    for (const { bus, take } of this.#takers.get(subject) ?? []) {
      if (bus.connected && this.passes(from.name, bus.name, data)) setImmediate(() => bus.connected && take(data));
    }
  }

  subscribe(bus: MemoryBus, subject: string, take: (data: Uint8Array) => void): void {
    this.#takers.set(subject, [...(this.#takers.get(subject) ?? []), { bus, take }]);
  }
}

export class MemoryBus implements Bus {
  readonly name: string;
  readonly most: number;
  readonly #mesh: MemoryMesh;
  #connected = true;

  constructor(mesh: MemoryMesh, name: string, most: number) {
    this.#mesh = mesh;
    this.name = name;
    this.most = most;
  }

  get connected(): boolean {
    return this.#connected;
  }

  set connected(connected: boolean) {
    this.#connected = connected;
  }

  publish(subject: string, data: Uint8Array): void {
    if (data.length > this.most) throw new Error('larger than the bus carries');
    if (this.#connected) this.#mesh.publish(this, subject, data);
  }

  subscribe(subject: string, take: (data: Uint8Array) => void): void {
    this.#mesh.subscribe(this, subject, take);
  }

  async close(): Promise<void> {
    this.#connected = false;
  }
}
