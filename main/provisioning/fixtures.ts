import type { Facts } from './facts.ts';
import { systemLayout } from './layout.ts';
import type { Work } from './step.ts';

// A fresh Debian host and the work on it, for tests of what follows from them.
export const WORK: Work = {
  runId: 'r1',
  domain: 'acme.example',
  address: '192.0.2.7',
  layout: systemLayout('acme.example'),
  release: { version: '0.1.0', sha256: 'a'.repeat(64), bytes: 110e6 },
  codec: 'gzip',
  settings: {},
  ports: { c2s: 5222, c2sTls: 5223 },
  certificate: null,
};

export const FACTS: Facts = {
  system: 'Debian GNU/Linux 12 (bookworm)',
  architecture: 'x64',
  hostname: 'web1',
  addresses: ['192.0.2.7'],
  apt: true,
  serverPids: [],
  glibc: '2.36',
  init: 'systemd',
  memoryBytes: 2e9,
  free: { root: 5e9, versions: 5e9, state: 5e9 },
  noexec: false,
  rights: 'root',
  clockSkewSeconds: 0,
  ports: [{ port: 22, program: 'sshd', pid: 300 }],
  others: [],
  domains: [],
  selinux: '',
  missingTools: [],
  zstd: false,
  ownPid: null,
  configuration: null,
  dataOwner: null,
};
