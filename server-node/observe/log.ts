export type Level = 'debug' | 'info' | 'warn' | 'error';

export interface LogEntry {
  /** milliseconds since the epoch */
  readonly at: number;
  readonly level: Level;
  readonly text: string;
}

const KEPT = 1000;
const LEVELS: readonly Level[] = ['debug', 'info', 'warn', 'error'];

/** The node's log: lines go to standard error for the journal, and the newest are kept for whoever asks. */
export class Log {
  readonly #lines: LogEntry[] = [];
  readonly #listeners = new Set<(entry: LogEntry) => void>();
  readonly #least: number;
  readonly #write: (line: string) => void;

  constructor(least: Level, write: (line: string) => void = (line) => process.stderr.write(line)) {
    this.#least = LEVELS.indexOf(least);
    this.#write = write;
  }

  debug(text: string): void {
    this.#add('debug', text);
  }

  info(text: string): void {
    this.#add('info', text);
  }

  warn(text: string): void {
    this.#add('warn', text);
  }

  error(text: string, error?: unknown): void {
    const detail = error instanceof Error ? (error.stack ?? error.message) : error === undefined ? '' : String(error);
    this.#add('error', detail === '' ? text : `${text}: ${detail}`);
  }

  /** The newest lines, oldest first. */
  tail(lines: number): LogEntry[] {
    return this.#lines.slice(-lines);
  }

  /** Calls the listener for each new line until the answer is called. */
  follow(listener: (entry: LogEntry) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #add(level: Level, raw: string): void {
    if (LEVELS.indexOf(level) < this.#least) return;
    // what clients send must not begin a line of its own
    const text = level === 'error' ? raw : raw.replace(/[\x00-\x1f\x7f]/g, '?');
    const entry = { at: Date.now(), level, text };
    this.#lines.push(entry);
    if (this.#lines.length > KEPT) this.#lines.splice(0, KEPT / 10);
    this.#write(`${new Date(entry.at).toISOString()} ${level.padEnd(5)} ${text}\n`);
    for (const listener of this.#listeners) listener(entry);
  }
}
