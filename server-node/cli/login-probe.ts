import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { ScramClient } from '../sasl/scram-client.ts';

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
  const client = new ScramClient('SCRAM-SHA-256', name);
  const challenge = await dialogue.ask(
    `<auth ${sasl} mechanism='SCRAM-SHA-256'>${client.first()}</auth>`,
    /<\/challenge>|<\/failure>/,
  );
  const final = client.final(/>([^<]+)<\/challenge>/.exec(challenge)?.[1] ?? '', password);
  if (final === undefined) throw new Error(`the login was refused: ${challenge}`);
  const answer = await dialogue.ask(`<response ${sasl}>${final}</response>`, /<\/success>|<\/failure>/);
  if (!client.proven(/>([^<]+)<\/success>/.exec(answer)?.[1] ?? ''))
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
