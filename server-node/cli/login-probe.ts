import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

export interface ProbeTarget {
  /** where to connect: host and port */
  readonly host: string;
  readonly port: number;
  readonly domain: string;
  readonly tls: 'direct' | 'starttls';
  /** SHA-256 of the certificate that must be shown, 64 hexadecimal digits */
  readonly fingerprint: string;
  readonly name: string;
  readonly password: string;
}

const PATIENCE_MS = 10_000;

/** Logs in as a client does, over TLS with SCRAM-SHA-256, and binds; answers with the full JID. Throws in words. */
export async function probeLogin(target: ProbeTarget): Promise<string> {
  const dialogue = await Dialogue.open(target);
  try {
    await dialogue.ask(header(target.domain), /<\/stream:features>/);
    if (target.tls === 'starttls') {
      await dialogue.ask("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>", /<proceed/);
      await dialogue.secure(target);
      await dialogue.ask(header(target.domain), /<\/stream:features>/);
    }
    await login(dialogue, target);
    await dialogue.ask(header(target.domain), /<\/stream:features>/);
    const bound = await dialogue.ask(
      "<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>",
      /<\/iq>/,
    );
    const jid = /<jid>([^<]+)<\/jid>/.exec(bound)?.[1];
    if (jid === undefined) throw new Error(`binding was refused: ${bound}`);
    return jid;
  } finally {
    dialogue.close();
  }
}

const header = (domain: string): string =>
  `<?xml version='1.0'?><stream:stream to='${domain}' version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>`;

async function login(dialogue: Dialogue, { name, password }: ProbeTarget): Promise<void> {
  const sasl = "xmlns='urn:ietf:params:xml:ns:xmpp-sasl'";
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  const nonce = randomBytes(18).toString('base64');
  const bare = `n=${name.replace(/=/g, '=3D').replace(/,/g, '=2C')},r=${nonce}`;
  const challenge = await dialogue.ask(
    `<auth ${sasl} mechanism='SCRAM-SHA-256'>${base64(`n,,${bare}`)}</auth>`,
    /<\/challenge>|<\/failure>/,
  );
  const first = Buffer.from(/>([^<]+)<\/challenge>/.exec(challenge)?.[1] ?? '', 'base64').toString();
  const [, full = '', salt = '', rounds = ''] = /^r=([^,]+),s=([^,]+),i=(\d+)/.exec(first) ?? [];
  if (!full.startsWith(nonce)) throw new Error(`the login was refused: ${challenge}`);
  const salted = pbkdf2Sync(password, Buffer.from(salt, 'base64'), Number(rounds), 32, 'sha256');
  const mac = (key: Buffer, text: string) => createHmac('sha256', key).update(text).digest();
  const clientKey = mac(salted, 'Client Key');
  const without = `c=biws,r=${full}`;
  const signed = `${bare},${first},${without}`;
  const signature = mac(createHash('sha256').update(clientKey).digest(), signed);
  const proof = Buffer.from(clientKey.map((byte, i) => byte ^ (signature[i] ?? 0))).toString('base64');
  const answer = await dialogue.ask(
    `<response ${sasl}>${base64(`${without},p=${proof}`)}</response>`,
    /<\/success>|<\/failure>/,
  );
  const proven = Buffer.from(/>([^<]+)<\/success>/.exec(answer)?.[1] ?? '', 'base64').toString();
  if (proven !== `v=${mac(mac(salted, 'Server Key'), signed).toString('base64')}`)
    throw new Error(`the login was refused: ${answer}`);
}

/** Something is said, and the answer is waited for. */
class Dialogue {
  #socket: Socket;
  #heard = '';
  #wake: (() => void) | undefined;
  #trouble: Error | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.#listen();
  }

  static async open(target: ProbeTarget): Promise<Dialogue> {
    const plain = connect({ host: target.host, port: target.port });
    const dialogue = new Dialogue(plain);
    await dialogue.#until(() => !plain.connecting, 'the connection');
    if (target.tls === 'direct') await dialogue.secure(target);
    return dialogue;
  }

  async secure({ domain, fingerprint }: ProbeTarget): Promise<void> {
    this.#socket.removeAllListeners('data');
    // our own certificate may be self-signed: it is recognised by its fingerprint below
    const secure = connectTls({
      socket: this.#socket,
      servername: domain,
      rejectUnauthorized: false,
      ALPNProtocols: ['xmpp-client'],
    });
    this.#socket = secure;
    this.#listen();
    let ready = false;
    secure.once('secureConnect', () => {
      ready = true;
      this.#wake?.();
    });
    await this.#until(() => ready, 'the TLS handshake');
    const shown = secure.getPeerCertificate().fingerprint256.replaceAll(':', '').toLowerCase();
    if (shown !== fingerprint) throw new Error(`another certificate was shown: SHA-256 ${shown}`);
  }

  async ask(text: string, answer: RegExp): Promise<string> {
    this.#heard = '';
    this.#socket.write(text);
    await this.#until(() => answer.test(this.#heard), text.slice(0, 40));
    return this.#heard;
  }

  close(): void {
    this.#socket.end('</stream:stream>');
  }

  #listen(): void {
    this.#socket.on('data', (data: Buffer) => {
      this.#heard += data.toString('utf8');
      this.#wake?.();
    });
    this.#socket.on('connect', () => this.#wake?.());
    this.#socket.on('error', (error) => {
      this.#trouble = error;
      this.#wake?.();
    });
    this.#socket.on('close', () => {
      this.#trouble ??= new Error('the connection was closed');
      this.#wake?.();
    });
  }

  async #until(done: () => boolean, what: string): Promise<void> {
    const end = Date.now() + PATIENCE_MS;
    while (!done()) {
      if (this.#trouble !== undefined) throw this.#trouble;
      if (Date.now() > end) throw new Error(`no answer to ${what} within ${PATIENCE_MS / 1000} s`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 250);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }
}
