import type { Run } from '../../../shared/console-api/provisioning.ts';

const TITLES: Readonly<Record<Run['kind'], string>> = {
  provision: 'Provision',
  undo: 'Take back',
  remove: 'Remove',
  drain: 'Drain a node of',
  undrain: 'Undrain a node of',
  'remove-node': 'Remove a node of',
};

const DOING: Readonly<Record<Run['kind'], string>> = {
  provision: 'Provisioning',
  undo: 'Taking back',
  remove: 'Removing',
  drain: 'Draining a node of',
  undrain: 'Taking back a node of',
  'remove-node': 'Removing a node of',
};

/** What a run is for: over its page, and where it is listed. */
export const titleOf = ({ kind, domain, adds }: Run): string =>
  adds === undefined ? `${TITLES[kind]} ${domain}` : `Add a node to ${domain}`;

export const doingOf = ({ kind, domain, adds }: Run): string =>
  adds === undefined ? `${DOING[kind]} ${domain}` : `Adding a node to ${domain}`;

/** Behind the domain's own name, where the run is about one of its nodes; undefined: it is about the whole domain. */
export function nodeWorkOf({ kind, adds }: Run): string | undefined {
  if (adds !== undefined) return 'Add a node';
  return { drain: 'Drain a node', undrain: 'Undrain a node', 'remove-node': 'Remove a node' }[kind as string];
}
