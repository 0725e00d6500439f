import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { join } from 'node:path';

const here = import.meta.dirname;
const PATIENCE_MS = 30_000;

export interface LoginData {
  readonly jid: string;
  readonly password: string;
  readonly host: string;
  readonly port: number;
  readonly how: 'direct' | 'starttls';
  /** a file with the certificate that the server must show, or its issuer's */
  readonly certificate: string;
  /** a command that runs the client elsewhere, such as in a network namespace */
  readonly within?: readonly string[];
}

/** A client program of the folder, spoken to in lines. */
export class LineClient {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #name: string;
  readonly #lines: string[] = [];
  #errors = '';
  #wake = () => {};

  private constructor(name: string, command: readonly string[], password: string, env: NodeJS.ProcessEnv) {
    this.#name = name;
    const [file = '', ...args] = command;
    this.#child = spawn(file, args, { env: { ...process.env, ...env } });
    this.#child.stdin.write(`${password}\n`);
    let rest = '';
    this.#child.stdout.on('data', (data: Buffer) => {
      const lines = (rest + data.toString()).split('\n');
      rest = lines.pop() ?? '';
      this.#lines.push(...lines);
      this.#wake();
    });
    this.#child.stderr.on('data', (data: Buffer) => {
      this.#errors += data.toString();
    });
    this.#child.on('close', () => this.#wake());
  }

  static slixmpp(data: LoginData): LineClient {
    const { jid, host, port, how, certificate, within = [] } = data;
    const command = [
      ...within,
      '/usr/bin/python3',
      join(here, 'slixmpp-chat.py'),
      jid,
      host,
      String(port),
      how,
      certificate,
    ];
    return new LineClient('slixmpp', command, data.password, {});
  }

  static xmppJs(data: LoginData, env: NodeJS.ProcessEnv = {}): LineClient {
    const { jid, host, port, how, certificate, within = [] } = data;
    const command = [...within, process.execPath, join(here, 'xmppjs-chat.mjs'), jid, host, String(port), how];
    return new LineClient('xmpp.js', command, data.password, { NODE_EXTRA_CA_CERTS: certificate, ...env });
  }

  /** xmpp.js over a WebSocket, `wss://localhost:…/xmpp-websocket`. */
  static xmppJsAt(
    data: Omit<LoginData, 'host' | 'port' | 'how'>,
    url: string,
    env: NodeJS.ProcessEnv = {},
  ): LineClient {
    const command = [process.execPath, join(here, 'xmppjs-chat.mjs'), data.jid, url];
    return new LineClient('xmpp.js', command, data.password, { NODE_EXTRA_CA_CERTS: data.certificate, ...env });
  }

  /** Strophe.js over what its URL says: a WebSocket, or BOSH. */
  static strophe(data: Omit<LoginData, 'host' | 'port' | 'how'>, url: string): LineClient {
    const command = [process.execPath, join(here, 'strophe-chat.mjs'), data.jid, url];
    return new LineClient('Strophe.js', command, data.password, { NODE_EXTRA_CA_CERTS: data.certificate });
  }

  /** profanity in a terminal of its own, by STARTTLS. */
  static profanity({ jid, host, port, certificate, password }: Omit<LoginData, 'how'>): LineClient {
    const command = ['/usr/bin/python3', join(here, 'profanity-chat.py'), jid, host, String(port), certificate];
    return new LineClient('profanity', command, password, {});
  }

  /** slixmpp as a component (XEP-0114) that echoes. */
  static component(domain: string, port: number, secret: string): LineClient {
    const command = ['/usr/bin/python3', join(here, 'slixmpp-component.py'), domain, '127.0.0.1', String(port)];
    return new LineClient('slixmpp component', command, secret, {});
  }

  tell(line: string): void {
    this.#child.stdin.write(`${line}\n`);
  }

  /** The next line that fits; those before it are passed over. Throws when the client fails or says nothing. */
  async hears(fits: RegExp): Promise<string> {
    const end = Date.now() + PATIENCE_MS;
    for (;;) {
      const at = this.#lines.findIndex((line) => fits.test(line));
      if (at >= 0) return this.#lines.splice(0, at + 1)[at] ?? '';
      const gone = this.#child.exitCode !== null;
      if (gone || Date.now() > end) {
        const said = [...this.#lines, this.#errors.slice(-2000)].join('\n');
        throw new Error(`${this.#name} ${gone ? 'ended' : 'said nothing'} before ${fits}; it said:\n${said}`);
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 200);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  async quit(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const closed = new Promise((resolve) => this.#child.once('close', resolve));
    this.tell('quit');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), 3000);
    await closed;
    clearTimeout(timer);
  }
}
