import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

const TESTBED = join(import.meta.dirname, 'testbed');
const CLI = join(import.meta.dirname, '..', '..', 'main', 'cli.ts');
const RELEASE = join(import.meta.dirname, '..', '..', 'dist', 'node', 'parleyd-linux-x64');
const run = promisify(execFile);

export const PASSWORD = 'testbed';

/** Why hosts can't be had here, in one sentence with what would help; undefined: they can. */
export function whyNoHosts(): string | undefined {
  if (process.platform !== 'linux' || process.getuid?.() !== 0)
    return 'Test hosts need root on Debian: run this as root.';
  if (!existsSync(RELEASE)) return 'There is no parleyd to install: npm run build:node makes it.';
  return undefined;
}

/** What one command of `parley` came to: its exit code, and the JSON objects it printed. */
export interface Outcome {
  readonly code: number;
  readonly said: readonly Said[];
  readonly stderr: string;
}
export interface Said {
  readonly fault?: { code: string; what: string; why: string; todo: string };
  readonly plan?: {
    summary: string;
    findings: { code: string; what: string; stops: boolean }[];
    steps: { id: string; state: string }[];
  };
  readonly step?: { stepId: string; state: string; progress?: { bytes: number; total: number }; failure?: Failure };
  readonly run?: {
    runId: string;
    outcome: string;
    summary: string;
    canUndo: boolean;
    connection: { certificateFingerprint: string } | null;
  };
  readonly [other: string]: unknown;
}
export interface Failure {
  readonly what: string;
  readonly why: string;
  readonly hostWords: string;
  readonly todo: string;
  readonly exitCode: number | null;
}

export interface Running {
  readonly child: ChildProcess;
  readonly done: Promise<Outcome>;
  /** resolves when it has printed something that fits; rejects when it ends without */
  until(fits: (said: Said) => boolean): Promise<Said>;
}

/** A network of test hosts, and a Parley with a fleet of its own beside it. */
export class Lan {
  readonly dir = mkdtempSync('/var/tmp/parley-lan-');
  /** what `testbed` and `parley` see */
  readonly env: NodeJS.ProcessEnv;

  constructor() {
    this.env = {
      ...process.env,
      TESTBED_DIR: this.dir,
      TESTBED_CACHE: process.env['TESTBED_CACHE'] ?? '/var/tmp/testbed/base',
      HOME: this.dir,
      SSH_AUTH_SOCK: '',
    };
  }

  async #testbed(...args: string[]): Promise<string> {
    return (await run(TESTBED, args, { env: this.env, maxBuffer: 1 << 24 })).stdout;
  }

  /** Makes hosts, or switches on those that are off. */
  up = (names: readonly string[], ...options: string[]) => this.#testbed('up', ...names, ...options);
  ip = async (name: string) => (await this.#testbed('ip', name)).trim();
  cut = (name: string) => this.#testbed('cut', name);
  heal = (name: string) => this.#testbed('heal', name);
  kill = (name: string) => this.#testbed('kill', name);
  netem = (name: string, spec: string) => this.#testbed('netem', name, spec);
  /** as root in the host, without ssh */
  console = (name: string, script: string) => this.#testbed('console', name, 'sh', '-c', script);

  get key(): string {
    return join(this.dir, 'key');
  }

  /** a command that runs the rest of the line in the network */
  readonly within: readonly string[] = ['env', `TESTBED_DIR=${this.dir}`, TESTBED, 'exec'];

  /** A file with one line, for --password-file. */
  secret(name: string, text: string): string {
    const path = join(this.dir, name);
    writeFileSync(path, `${text}\n`, { mode: 0o600 });
    return path;
  }

  /** Runs `parley` in the network. Its answers are JSON. */
  parley(...args: string[]): Promise<Outcome> {
    return this.start(...args).done;
  }

  start(...args: string[]): Running {
    const command = ['exec', process.execPath, CLI, ...args, '--json', '--data', join(this.dir, 'parley')];
    const child = spawn(TESTBED, command, { env: this.env, stdio: ['ignore', 'pipe', 'pipe'] });
    const said: Said[] = [];
    const listeners = new Set<() => void>();
    let stderr = '';
    child.stderr.on('data', (chunk) => (stderr += chunk));
    createInterface({ input: child.stdout }).on('line', (line) => {
      said.push(JSON.parse(line));
      for (const listener of listeners) listener();
    });
    const done = new Promise<Outcome>((resolve) => {
      child.once('close', (code) => resolve({ code: code ?? -1, said, stderr }));
    });
    const until = (fits: (it: Said) => boolean) =>
      new Promise<Said>((resolve, reject) => {
        const look = () => {
          const found = said.find(fits);
          if (found) resolve(found);
        };
        listeners.add(look);
        look();
        done.then((it) => reject(new Error(`it ended without: ${JSON.stringify(it)}`)));
      });
    return { child, done, until };
  }

  /** Adds a host and trusts the key it shows: the way of a script that has learned the fingerprint elsewhere. */
  async add(name: string, user: string, ...how: string[]): Promise<string> {
    const host = `${user}@${await this.ip(name)}`;
    await this.parley('host', 'add', host, ...how);
    const shown = (await this.parley('host', 'trust', host)).said[0]?.['fingerprint'];
    await this.parley('host', 'trust', host, String(shown));
    return host;
  }

  /** All of a host that Parley could have left something in. */
  snapshot(name: string): Promise<string> {
    return this.console(
      name,
      `find /opt /var/lib/parley /etc/systemd/system 2>/dev/null | sort
cut -d: -f1 /etc/passwd /etc/group | sort
ls /run/systemd/system >/dev/null 2>&1 && systemctl list-units --all --plain --no-legend 'parleyd*' || true`,
    );
  }

  /** Destroys the hosts and the network. */
  async close(): Promise<void> {
    await this.#testbed('down', '--all');
    rmSync(this.dir, { recursive: true, force: true });
  }
}

export const lastRun = ({ said }: Outcome) => said.findLast((it) => it.run)?.run;
export const failureOf = ({ said }: Outcome) => said.find((it) => it.step?.failure)?.step?.failure;

/** How it ended, in a few lines, for the message of an assertion. */
export const why = (outcome: Outcome): string =>
  JSON.stringify(
    {
      code: outcome.code,
      summary: lastRun(outcome)?.summary,
      failure: failureOf(outcome),
      fault: outcome.said.find((it) => it.fault)?.fault,
      stderr: outcome.stderr,
    },
    null,
    2,
  );
