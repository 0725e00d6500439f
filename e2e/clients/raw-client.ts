import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { connect as secureConnect } from 'node:tls';

/** The connection went before an answer came. */
export class Gone extends Error {
  override readonly name = 'Gone';
}

/** A client for tests that send by the thousand and count: plain TCP on loopback, SCRAM-SHA-1, stanzas as text. */
export class RawClient {
  readonly #socket: Socket;
  #heard = '';
  #wake = () => {};
  #closed = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (data: Buffer) => {
      this.#heard += data.toString('utf8');
      this.#wake();
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      this.#closed = true;
      this.#wake();
    });
  }

  /** A connection that says nothing yet, from an address of loopback. */
  static connect(port: number, from = '127.0.0.1'): RawClient {
    return new RawClient(connect({ port, host: from.includes(':') ? from : '127.0.0.1', localAddress: from }));
  }

  /** The same within TLS, whoever the server is. */
  static connectTls(port: number): RawClient {
    return new RawClient(
      secureConnect({ port, host: '127.0.0.1', rejectUnauthorized: false, ALPNProtocols: ['xmpp-client'] }),
    );
  }

  /** Logs in and binds; `authenticate` alone leaves the binding to the caller. */
  static async login(
    port: number,
    domain: string,
    name: string,
    password: string,
    from = '127.0.0.1',
  ): Promise<RawClient> {
    const client = await RawClient.authenticate(port, domain, name, password, from);
    await client.must("<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>", /<jid>/);
    return client;
  }

  static async authenticate(
    port: number,
    domain: string,
    name: string,
    password: string,
    from = '127.0.0.1',
  ): Promise<RawClient> {
    const client = RawClient.connect(port, from);
    const header = `<stream:stream to='${domain}' version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>`;
    const base64 = (text: string) => Buffer.from(text).toString('base64');
    await client.must(header, /<\/stream:features>/);
    const challenge = await client.must(
      `<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='SCRAM-SHA-1'>${base64(`n,,n=${name},r=abc`)}</auth>`,
      /<\/challenge>|<\/failure>/,
    );
    if (challenge.includes('</failure>')) throw new Error(`${name} was not let in: ${challenge}`);
    const first = Buffer.from(/>([^<]+)<\/challenge>/.exec(challenge)?.[1] ?? '', 'base64').toString();
    const [, nonce = '', salt = '', rounds = ''] = /^r=([^,]+),s=([^,]+),i=(\d+)/.exec(first) ?? [];
    const salted = pbkdf2Sync(password, Buffer.from(salt, 'base64'), Number(rounds), 20, 'sha1');
    const key = createHmac('sha1', salted).update('Client Key').digest();
    const signature = createHmac('sha1', createHash('sha1').update(key).digest())
      .update(`n=${name},r=abc,${first},c=biws,r=${nonce}`)
      .digest();
    const proof = Buffer.from(key.map((byte, i) => byte ^ (signature[i] ?? 0))).toString('base64');
    await client.must(
      `<response xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>${base64(`c=biws,r=${nonce},p=${proof}`)}</response>`,
      /<\/success>/,
    );
    await client.must(header, /<\/stream:features>/);
    return client;
  }

  /** what was heard and not taken */
  get heard(): string {
    return this.#heard;
  }

  /** bytes that wait to leave: the other side does not read */
  get waiting(): number {
    return this.#socket.writableLength;
  }

  /** Reads nothing from now on. */
  stopReading(): void {
    this.#socket.pause();
  }

  get closed(): boolean {
    return this.#closed;
  }

  send(text: string): void {
    if (!this.#closed) this.#socket.write(text);
  }

  /** What was heard so far; from now on only what comes. */
  take(): string {
    const heard = this.#heard;
    this.#heard = '';
    return heard;
  }

  async ask(text: string, answer: RegExp): Promise<string> {
    this.#heard = '';
    this.send(text);
    await this.until(() => answer.test(this.#heard));
    return this.#heard;
  }

  /** The same; @throws Gone when there will be no answer. */
  async must(text: string, answer: RegExp): Promise<string> {
    const heard = await this.ask(text, answer);
    if (!answer.test(heard)) throw new Gone(`no ${answer}`);
    return heard;
  }

  /** Waits until it is so, or the connection is gone. */
  async until(done: () => boolean): Promise<void> {
    const end = Date.now() + 20_000;
    while (!done() && !this.#closed) {
      if (Date.now() > end) throw new Error(`no answer; heard: ${this.#heard.slice(-500)}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 100);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** Listens to each piece that comes, beside what the others do. */
  onData(listener: (text: string) => void): void {
    this.#socket.on('data', (data: Buffer) => listener(data.toString('utf8')));
  }

  destroy(): void {
    this.#socket.destroy();
  }
}
