import { createHash } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { connect as startTls, type TLSSocket } from 'node:tls';
import { ParleyError } from '../../shared/errors.ts';
import type { Secret } from '../secrets/secret.ts';
import { cancelled } from '../ssh/host.ts';
import { startScram } from './scram.ts';

export interface LoginTo {
  readonly address: string;
  readonly port: number;
  readonly domain: string;
  readonly name: string;
  readonly password: Secret;
  /** SHA-256 of the certificate that the host itself told: 64 hexadecimal digits */
  readonly fingerprint: string;
}

const SECONDS = 10;

/**
 * One login as a client makes it: STARTTLS (RFC 6120 §5), SCRAM-SHA-256 (RFC 7677), resource binding (RFC 6120 §7).
 * @returns the full JID that was bound
 * @throws ParleyError `unreachable`, `wrong-certificate`, `login-failed`, `cancelled`
 */
export async function logIn(to: LoginTo, signal?: AbortSignal): Promise<string> {
  const socket = connect({ host: to.address, port: to.port });
  const stop = () => socket.destroy(cancelled());
  signal?.addEventListener('abort', stop, { once: true });
  socket.setTimeout(SECONDS * 1000, () => socket.destroy(new Error(`no answer for ${SECONDS} s`)));
  try {
    await connected(socket, to);
    return await dialogue(socket, to);
  } finally {
    signal?.removeEventListener('abort', stop);
    socket.destroy();
  }
}

function connected(socket: Socket, to: LoginTo): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', (error) => reject(error instanceof ParleyError ? error : unreachable(to, error.message)));
  });
}

async function dialogue(socket: Socket, to: LoginTo): Promise<string> {
  const plain = new Talk(socket, to);
  await plain.say(header(to.domain), /<\/stream:features>/);
  await plain.say("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>", /<proceed[^>]*>/);
  const talk = new Talk(await secured(socket, to), to);
  const features = await talk.say(header(to.domain), /<\/stream:features>/);
  if (!/<mechanism>SCRAM-SHA-256<\/mechanism>/.test(features)) throw failed(to, 'It does not offer SCRAM-SHA-256.');
  await scram(talk, to);
  await talk.say(header(to.domain), /<\/stream:features>/);
  const bound = await talk.say(
    "<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>",
    /<jid>([^<]+)<\/jid>/,
  );
  talk.end();
  return /<jid>([^<]+)<\/jid>/.exec(bound)?.[1] ?? '';
}

const header = (domain: string) =>
  `<?xml version='1.0'?><stream:stream to='${domain}' version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>`;

/** The certificate is compared with what the host told over SSH, so no authority has to vouch for it. */
function secured(socket: Socket, to: LoginTo): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const tls = startTls({ socket, servername: to.domain, rejectUnauthorized: false });
    tls.once('error', (error) => reject(failed(to, `TLS: ${error.message}`)));
    tls.once('secureConnect', () => {
      const seen = createHash('sha256').update(tls.getPeerCertificate().raw).digest('hex');
      if (seen === to.fingerprint) resolve(tls);
      else reject(wrongCertificate(to, seen));
    });
  });
}

/** RFC 5802 §3 with SHA-256, without channel binding. */
async function scram(talk: Talk, to: LoginTo): Promise<void> {
  const scram = startScram(to.name);
  const challenge = await talk.say(
    `<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='SCRAM-SHA-256'>${base64(scram.first)}</auth>`,
    /<challenge[^>]*>([^<]*)<\/challenge>/,
  );
  const first = Buffer.from(/<challenge[^>]*>([^<]*)</.exec(challenge)?.[1] ?? '', 'base64').toString();
  const final = await scram.answer(first, to.password).catch((error: Error) => {
    throw failed(to, error.message);
  });
  const success = await talk.say(
    `<response xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>${base64(final)}</response>`,
    /<success[^>]*>([^<]*)<\/success>/,
  );
  const proven = Buffer.from(/<success[^>]*>([^<]*)</.exec(success)?.[1] ?? '', 'base64').toString();
  if (!scram.proves(proven)) throw failed(to, 'It could not prove that it knows the password.');
}

const base64 = (text: string) => Buffer.from(text).toString('base64');

/** One question, one answer, over a stream. */
class Talk {
  readonly #socket: Socket;
  readonly #to: LoginTo;

  constructor(socket: Socket, to: LoginTo) {
    this.#socket = socket;
    this.#to = to;
  }

  say(text: string, until: RegExp): Promise<string> {
    return new Promise((resolve, reject) => {
      let heard = '';
      const done = (settle: () => void) => {
        this.#socket.off('data', listen).off('error', broke).off('close', closed);
        settle();
      };
      const listen = (chunk: Buffer) => {
        heard += chunk.toString();
        const refused = /<(failure|stream:error)[\s>].*?<(?!text)([a-z-]+)/s.exec(heard);
        if (until.test(heard)) done(() => resolve(heard));
        else if (refused) done(() => reject(failed(this.#to, `It answered: ${refused[2]}.`)));
      };
      const broke = (error: Error) =>
        done(() => reject(error instanceof ParleyError ? error : failed(this.#to, error.message)));
      const closed = () => done(() => reject(failed(this.#to, 'It closed the connection.')));
      this.#socket.on('data', listen).on('error', broke).on('close', closed);
      this.#socket.write(text);
    });
  }

  end(): void {
    this.#socket.end('</stream:stream>');
  }
}

const unreachable = ({ address, port }: LoginTo, words: string) =>
  new ParleyError({
    code: 'unreachable',
    what: `This computer can't connect to ${address}:${port}.`,
    why: `The network said: ${words}`,
    todo: `Allow TCP ${port} to the host, then provision again.`,
  });

const wrongCertificate = ({ address, port, fingerprint }: LoginTo, seen: string) =>
  new ParleyError({
    code: 'wrong-certificate',
    what: `${address}:${port} shows another certificate than parleyd has.`,
    why: `It shows ${seen}; parleyd has ${fingerprint}. Something between, or another server, answers there.`,
    todo: 'See what listens on that port of the host, and what stands between.',
  });

const failed = ({ address, port }: LoginTo, why: string) =>
  new ParleyError({
    code: 'login-failed',
    what: `A login at ${address}:${port} did not succeed.`,
    why,
    todo: "See parleyd's log on the host, then provision again.",
  });
