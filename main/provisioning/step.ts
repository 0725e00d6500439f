import type { StepId } from '../../shared/console-api/provisioning.ts';
import type { Secret } from '../secrets/secret.ts';
import type { Command } from '../ssh/shell.ts';
import type { Layout } from './layout.ts';

export interface Release {
  readonly version: string;
  /** of the executable, 64 hexadecimal digits */
  readonly sha256: string;
  readonly bytes: number;
}

export type Codec = 'zstd' | 'gzip' | 'none';

/** All that the steps need to know. What they do follows from it alone. */
export interface Work {
  readonly runId: string;
  readonly domain: string;
  /** what clients are told to connect to, and what the console itself logs in to */
  readonly address: string;
  readonly layout: Layout;
  readonly release: Release;
  readonly codec: Codec;
  /** keys of parleyd.toml that differ from their defaults */
  readonly settings: Readonly<Record<string, string>>;
  readonly ports: { readonly c2s: number; readonly c2sTls: number | null };
  /** null: parleyd makes its own */
  readonly certificate: { readonly pem: string; readonly sha256: string; readonly key: Secret } | null;
  /** this host carries one node of several */
  readonly cluster?: ClusterWork;
}

/** What a host has to do with the other hosts of its domain. */
export interface ClusterWork {
  /** the node's name, and those of all nodes */
  readonly node: string;
  readonly nodes: readonly string[];
  /** it makes the tables, before the others start */
  readonly first: boolean;
  /** words for `parleyd init` beside those of every node */
  readonly init: readonly string[];
  /** the files that those words name, in the node's folder; one a step, each for its account alone */
  readonly files: readonly { readonly name: string; readonly text: string | Secret }[];
  /** recognises them, without telling what is in them */
  readonly mark: string;
  readonly database: DatabaseWork | null;
  readonly nats: NatsWork | null;
}

export interface DatabaseWork {
  /** PostgreSQL's name for it, one that no other has */
  readonly name: string;
  readonly port: number;
  readonly conf: string;
  readonly hba: string;
  readonly certificate: string;
  readonly key: Secret;
  readonly sql: Secret;
  readonly mark: string;
}

export interface NatsWork {
  readonly unit: string;
  readonly unitText: string;
  readonly folder: string;
  /** for nodes; for the other servers */
  readonly ports: readonly number[];
  readonly conf: Secret;
  readonly certificate: string;
  readonly key: Secret;
  readonly authority: string;
  readonly mark: string;
}

/** One thing that is done to a host. */
export type Action =
  | {
      readonly kind: 'run';
      readonly command: Command;
      readonly stdin?: string | Secret;
      /** what it prints is told, line by line, as it comes */
      readonly tells?: true;
    }
  /** the executable, compressed, on the command's standard input */
  | { readonly kind: 'upload'; readonly command: Command }
  /** an XMPP login from here, as a client would */
  | { readonly kind: 'login' };

/** A step as data: what it says, how it is seen to be done, how it is done, and how it is taken back. */
export interface Step {
  readonly id: StepId;
  readonly title: string;
  readonly detail: string;
  readonly touches: readonly string[];
  /** what undo would do, in words */
  readonly undoes: string;
  /** read-only. Exit code 0: it is so already; 1: not yet; anything else: it can't be told */
  readonly check: Command;
  /** when one of these has changed something, this has to be done (again) */
  readonly after: readonly StepId[];
  readonly apply: readonly Action[];
  /** takes back what apply made, and may be run twice. null: it leaves nothing behind */
  readonly undo: Command | null;
}

export const binaryFolder = ({ layout, release }: Work): string =>
  `${layout.versions}/${release.version}-${release.sha256.slice(0, 12)}`;
export const binaryPath = (work: Work): string => `${binaryFolder(work)}/parleyd`;
