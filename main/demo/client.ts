import { createHash } from 'node:crypto';
import { connect, setDefaultCACertificates } from 'node:tls';
import type { Connection } from '../../shared/console-api/provisioning.ts';

/** What is used of xmpp.js, which comes without types. */
interface XmppClient {
  start(): Promise<{ toString(): string }>;
  stop(): Promise<void>;
  send(stanza: unknown): Promise<void>;
  on(event: 'stanza', listener: (stanza: Stanza) => void): void;
  on(event: 'error', listener: (error: Error) => void): void;
  readonly reconnect: { stop(): void };
}
interface Stanza {
  is(name: string): boolean;
  getChildText(name: string): string | null;
}
interface XmppModule {
  client(options: object): XmppClient;
  xml(name: string, attributes: object, ...children: unknown[]): unknown;
}

export interface ChatClient {
  /** the full JID */
  readonly jid: string;
  send(to: string, text: string): Promise<void>;
  /** the body of the message that comes next */
  next(): Promise<string>;
  end(): Promise<void>;
}

const PATIENCE_MS = 10_000;

/**
 * Logs in with xmpp.js, a client that others wrote, over STARTTLS; the certificate is checked against its fingerprint.
 * xmpp.js is no part of the product: it is loaded here only, for the check.
 */
export async function connectClient(
  to: Connection,
  person: { jid: string; password: string | null },
): Promise<ChatClient> {
  await trustCertificate(to);
  const name = '@xmpp/client';
  const { client, xml } = (await import(name)) as XmppModule;
  const xmpp = client({
    service: `xmpp://${to.address}:${to.c2sPort}`,
    domain: to.domain,
    username: person.jid.slice(0, person.jid.lastIndexOf('@')),
    password: person.password,
  });
  let failure: Error | undefined;
  xmpp.on('error', (error) => (failure = error));
  xmpp.reconnect.stop();
  const jid = await soon(xmpp.start(), () => failure?.message ?? 'the login did not end');
  await xmpp.send(xml('presence', {}));
  return {
    jid: jid.toString(),
    send: (peer, text) => xmpp.send(xml('message', { to: peer, type: 'chat' }, xml('body', {}, text))),
    next: () =>
      soon(
        new Promise<string>((resolve) => {
          xmpp.on('stanza', (stanza) => {
            const body = stanza.is('message') ? stanza.getChildText('body') : null;
            if (body !== null) resolve(body);
          });
        }),
        () => 'no message arrived',
      ),
    end: () => xmpp.stop(),
  };
}

/** Reads the certificate off the wire, and lets this process trust it when it is the one that was told. */
async function trustCertificate({ address, c2sTlsPort, domain, certificateFingerprint }: Connection): Promise<void> {
  const socket = connect({
    host: address,
    port: c2sTlsPort ?? 0,
    servername: domain,
    rejectUnauthorized: false,
    ALPNProtocols: ['xmpp-client'],
  });
  const raw = await soon(
    new Promise<Buffer>((resolve, reject) => {
      socket.once('error', reject);
      socket.once('secureConnect', () => resolve(socket.getPeerCertificate().raw));
    }),
    () => 'no TLS connection',
  );
  socket.destroy();
  if (createHash('sha256').update(raw).digest('hex') !== certificateFingerprint)
    throw new Error('another certificate is shown than parleyd has');
  setDefaultCACertificates([`-----BEGIN CERTIFICATE-----\n${raw.toString('base64')}\n-----END CERTIFICATE-----\n`]);
}

function soon<T>(promise: Promise<T>, why: () => string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(why())), PATIENCE_MS);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
