/** Where a domain lives on a host. */
export interface Layout {
  /** who supervises parleyd: systemd, or nobody but the one who looks, as for the demo on this computer */
  readonly manager: 'systemd' | 'child';
  /** the account parleyd runs as; null: whoever runs Parley */
  readonly user: string | null;
  /** versions of parleyd, shared by all domains of the host */
  readonly versions: string;
  /** what is beside the data folders of the domains: journal, backups of what was replaced */
  readonly state: string;
  readonly data: string;
  readonly unit: string;
  readonly unitFile: string;
  readonly journal: string;
  readonly adminSocket: string;
  /** of the domain's own servers, where its nodes share them: PostgreSQL's name for the database; NATS's unit and folder */
  readonly servers: { readonly database: string; readonly natsUnit: string; readonly natsFolder: string };
}

/** Where a run keeps what it has replaced, so that its undo, and no other, can put it back. */
export const keptBy = ({ state, unit }: Layout, runId: string, what: string): string =>
  `${state}/journal/${unit}.${what}-${runId}`;

/** A host under systemd, where Parley may become root. */
export function systemLayout(domain: string): Layout {
  const name = folderName(domain);
  const unit = `parleyd-${name}.service`;
  const user = `parley-${fnv1a(domain)}`;
  return {
    ...at('/opt/parley', '/var/lib/parley', name),
    ...{ manager: 'systemd', servers: serversOf(domain) },
    user,
    unit,
    unitFile: `/etc/systemd/system/${unit}`,
  };
}

/** Everything below one folder, with no other rights than those of the user. */
export function localLayout(domain: string, root: string): Layout {
  return {
    ...at(`${root}/parleyd`, `${root}/nodes`, folderName(domain)),
    ...{ manager: 'child', servers: serversOf(domain) },
    user: null,
    unit: '',
    unitFile: '',
  };
}

// No hyphen in the database's name: systemd would take it for a folder.
const serversOf = (domain: string) => ({
  database: `parley${fnv1a(domain)}`,
  natsUnit: `parley-nats-${fnv1a(domain)}.service`,
  natsFolder: `/etc/parley/${folderName(domain)}/nats`,
});

const at = (versions: string, state: string, name: string) => ({
  versions,
  state,
  data: `${state}/${name}`,
  journal: `${state}/journal/${name}.jsonl`,
  adminSocket: `${state}/${name}/admin.sock`,
});

/** A Unix socket's path has room for 107 bytes, a domain may have 253: a long one is shortened, and stays its own. */
const folderName = (domain: string): string =>
  domain.length <= 64 ? domain : `${domain.slice(0, 48)}-${fnv1a(domain)}`;

/** FNV-1a, 32 bits, 8 hexadecimal digits: a short name that is the same each time, with no need to be secret. */
export function fnv1a(text: string): string {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash.toString(16).padStart(8, '0');
}
