import { check } from './check.ts';
import { cluster } from './cluster.ts';
import type { Command } from './command.ts';
import { edge } from './edge.ts';
import { init } from './init.ts';
import { pipe } from './pipe.ts';
import { run } from './run.ts';
import { storage } from './storage.ts';
import { user } from './user.ts';
import { version } from './version.ts';

export const commands: Readonly<Record<string, Command>> = {
  init,
  run,
  edge,
  check,
  cluster,
  storage,
  user,
  pipe,
  version,
};

export const HELP = `parleyd: an XMPP server for one domain.

  parleyd init --domain D --data DIR    make a node: configuration, database, certificate
  parleyd run --data DIR                run it
  parleyd edge COMMAND --data DIR       init, run, status: connections in a process of their own
  parleyd check --data DIR              see whether all is well
  parleyd storage check --data DIR      read the whole database, find damage, say what to do
  parleyd storage move --data DIR       from SQLite to PostgreSQL or back, on a stopped node
  parleyd user COMMAND --data DIR       add, list, password, suspend, activate, remove, import
  parleyd cluster status --data DIR     the domain's nodes, their sessions and links
  parleyd cluster drain --data DIR      send everybody to the other nodes
  parleyd pipe --data DIR               speak the admin socket over standard input and output
  parleyd version [--json]

parleyd COMMAND --help says more. Exit codes: 0 done, 1 failed, 2 wrong command line, 3 there is a node already.
`;
