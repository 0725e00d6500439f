import type { Duplex } from 'node:stream';
import ssh2, {
  type AnyAuthMethod,
  type AuthHandlerMiddleware,
  type Client,
  type ClientChannel,
  type ConnectConfig,
} from 'ssh2';
import { ParleyError } from '../../shared/errors.ts';
import { type Address, addressText } from './address.ts';
import type { Ask } from './ask.ts';
import { collect } from './collect.ts';
import { connectFailure, loginRefused } from './connect-errors.ts';
import { deferred } from './deferred.ts';
import { createElevation } from './elevation.ts';
import { cancelled, connectionLost, type ExecOptions, type Host, throwIfCancelled } from './host.ts';
import { type OfferedKey, offeredKey, requireTrusted, type TrustedKey } from './host-keys.ts';
import { createLogin, type LoginMethod, type LoginWay, type PrivateKey } from './login.ts';
import { type Command, forLoginShell, sh } from './shell.ts';
import { endWhenSilent, openTcp } from './tcp.ts';

export interface SshTarget extends Address {
  readonly ways: readonly LoginWay[];
  readonly trusted: TrustedKey | null;
}

// How long one step of the handshake or of the login may take the host; what the operator needs does not count.
const ANSWER_MS = 30_000;
// Asked every three seconds; whether the host still answers is judged by endWhenSilent.
const KEEPALIVE = { keepaliveInterval: 3000, keepaliveCountMax: 1_000_000 };

/**
 * Logs in. Nothing but the handshake happens before the key of the host is known to be the trusted one.
 * @throws ParleyError `host-key-unknown`, `host-key-changed`, `login-refused`, `declined`, `cancelled`, or why it can't be reached
 */
export async function connectSsh(target: SshTarget, ask: Ask, signal?: AbortSignal): Promise<Host> {
  throwIfCancelled(signal);
  const name = addressText(target);
  const gaveUp = new AbortController();
  const login = createLogin(name, target.user, target.ways, ask, gaveUp.signal);
  let refusal: ParleyError | undefined;
  const client = await open(target, signal, {
    hostVerifier: (blob: Buffer, answer: (accepted: boolean) => void) => {
      try {
        requireTrusted(name, offeredKey(blob), target.trusted);
        answer(true);
      } catch (error) {
        refusal = error as ParleyError;
        answer(false);
      }
    },
    next: (left, _partial, next) => {
      // `false` ends the login; the published types leave it out.
      const answer = (method: LoginMethod | false) => next(method as AnyAuthMethod);
      login.next(left).then(
        (method) => answer(method ?? false),
        () => answer(false),
      );
    },
  }).catch((error: Error & { level?: string }) => {
    gaveUp.abort();
    if (error.level === 'client-authentication') throw login.declined() ?? loginRefused(name, login.tried(), error);
    throw refusal ?? login.declined() ?? error;
  });
  return hostOf(name, client, ask, login.password);
}

/** Makes the handshake only, to see which key the host shows. Nothing is sent to it. */
export async function readHostKey(
  target: Address,
  trusted: TrustedKey | null,
  signal?: AbortSignal,
): Promise<OfferedKey> {
  let offered: OfferedKey | undefined;
  const hostVerifier = (blob: Buffer, answer: (accepted: boolean) => void) => {
    offered = offeredKey(blob);
    answer(false);
  };
  try {
    (await open({ ...target, trusted }, signal, { hostVerifier })).end();
  } catch (error) {
    if (offered === undefined) throw error;
  }
  if (offered === undefined) throw connectionLost(addressText(target), 'it ended before showing a key');
  return offered;
}

async function open(
  target: Address & { trusted: TrustedKey | null },
  signal: AbortSignal | undefined,
  config: Required<Pick<ConnectConfig, 'hostVerifier'>> & { readonly next?: AuthHandlerMiddleware },
): Promise<Client> {
  const name = addressText(target);
  const failure = (error: Error) => connectFailure(name, target.port, error);
  const sock = await openTcp(target, signal).catch((error: Error) => {
    throw error instanceof ParleyError ? error : failure(error);
  });
  const { promise, resolve, reject } = deferred<Client>();
  const client = new ssh2.Client();
  const late = () => sock.destroy(Object.assign(new Error('no answer'), { level: 'client-timeout' }));
  let patience = setTimeout(late, ANSWER_MS);
  const stop = () => {
    reject(cancelled());
    client.destroy();
  };
  signal?.addEventListener('abort', stop, { once: true });
  client.on('ready', () => resolve(client));
  client.on('error', (error: Error & { level?: string }) => {
    reject(error.level === 'client-authentication' ? error : failure(error));
  });
  client.on('close', () => reject(connectionLost(name, 'it was closed during the handshake')));
  client.connect({
    sock,
    username: target.user,
    readyTimeout: 0,
    ...KEEPALIVE,
    ...preferTrusted(target.trusted),
    hostVerifier: config.hostVerifier,
    authHandler: (left, partial, next) => {
      clearTimeout(patience);
      config.next?.(left, partial, (method) => {
        patience = setTimeout(late, ANSWER_MS);
        next(method);
      });
    },
  });
  try {
    await promise;
    endWhenSilent(sock);
    return client;
  } finally {
    clearTimeout(patience);
    signal?.removeEventListener('abort', stop);
  }
}

/** An open private key, or what the library said: that it is locked, or no private key at all. */
export function parseKey(text: Buffer, passphrase?: string): PrivateKey | Error {
  const parsed = ssh2.utils.parseKey(text, passphrase);
  if (parsed instanceof Error) return parsed;
  return parsed.isPrivateKey() ? parsed : new Error('It holds a public key.');
}

/** A host has several keys; the kind that was confirmed is asked for first, so that another kind is no alarm. */
function preferTrusted(trusted: TrustedKey | null): ConnectConfig {
  if (trusted === null) return {};
  const kinds = trusted.algorithm === 'ssh-rsa' ? ['rsa-sha2-512', 'rsa-sha2-256'] : [trusted.algorithm];
  const serverHostKey = { remove: kinds, prepend: kinds } as never; // the published types demand `append` too
  return { algorithms: { serverHostKey } };
}

/** RFC 4254 §5.1: SSH_OPEN_ADMINISTRATIVELY_PROHIBITED */
const PROHIBITED = 1;

const BRIDGE = 'exec 3<>"/dev/tcp/$0/$1" || exit; cat <&3 & cat >&3; kill $!';
const tcpByProgram = (address: string, port: number): Command => sh`exec bash -c ${BRIDGE} ${address} ${String(port)}`;

function hostOf(name: string, client: Client, ask: Ask, loginPassword: () => string | undefined): Host {
  let lost: ParleyError | undefined;
  const listeners: ((reason: ParleyError) => void)[] = [];
  const opening = new Set<(reason: ParleyError) => void>();
  let words = '';
  client.on('error', (error) => (words = error.message));
  client.on('close', () => {
    lost = connectionLost(name, words);
    for (const tell of [...opening, ...listeners]) tell(lost);
  });

  /** Hands the channel over the moment it opens: a short command has said all and ended by the next turn. */
  const withChannel = <T>(
    command: Command,
    signal: AbortSignal | undefined,
    use: (stream: ClientChannel) => T | Promise<T>,
  ) => {
    throwIfCancelled(signal);
    const { promise, resolve, reject } = deferred<T>();
    const stop = () => reject(cancelled());
    signal?.addEventListener('abort', stop, { once: true });
    opening.add(reject);
    if (lost) reject(lost);
    else
      client.exec(command.text, (error, stream) =>
        error ? reject(connectionLost(name, error.message)) : resolve(use(stream)),
      );
    return promise.finally(() => {
      opening.delete(reject);
      signal?.removeEventListener('abort', stop);
    });
  };
  const raw = async (command: Command, options: Omit<ExecOptions, 'root'>, before = '') =>
    withChannel(command, options.signal, (stream) => collect(name, stream, options, before));

  const elevation = createElevation(
    name,
    (command, stdin, signal) => raw(command, { ...(stdin === undefined ? {} : { stdin }), ...(signal && { signal }) }),
    ask,
    loginPassword,
  );

  const prepare = async (command: Command, root: boolean | undefined, signal?: AbortSignal) =>
    root ? elevation.wrap(command, signal) : { command: forLoginShell(command), before: '' };

  return {
    kind: 'ssh',
    name,
    rights: (signal) => elevation.rights(signal),
    async exec(command, { root, ...options } = {}) {
      const { command: whole, before } = await prepare(command, root, options.signal);
      return raw(whole, options, before);
    },
    openSocket(path) {
      const { promise, resolve, reject } = deferred<ClientChannel>();
      if (lost) reject(lost);
      else
        client.openssh_forwardOutStreamLocal(path, (error, stream) =>
          error ? reject(connectionLost(name, error.message)) : resolve(stream),
        );
      return promise;
    },
    openTcp(address, port) {
      const { promise, resolve, reject } = deferred<Duplex>();
      if (lost) reject(lost);
      else
        client.forwardOut('127.0.0.1', 0, address, port, (error, stream) => {
          if (!error) resolve(stream);
          // where sshd forwards nothing, a program of the host does
          else if ((error as { reason?: number }).reason === PROHIBITED)
            withChannel(forLoginShell(tcpByProgram(address, port)), undefined, (it) => it).then(resolve, reject);
          else reject(new Error(error.message.replace(/^\(SSH\) Channel open failure: /, '')));
        });
      return promise;
    },
    async openProgram(command, { root, signal } = {}) {
      const { command: whole, before } = await prepare(command, root, signal);
      return withChannel(whole, signal, (stream) => {
        if (before !== '') stream.write(before);
        return stream;
      });
    },
    onClose: (listener) => (lost ? listener(lost) : void listeners.push(listener)),
    close: () => void client.end(),
  };
}
