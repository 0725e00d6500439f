// Who may import whom; anything not listed is forbidden. docs/architecture.md says it in words.
// Each room may always import itself; `siblings: false` means its sub-folders are strangers to each other.
const SHARED = ['shared/domain', 'shared/rpc', 'shared/errors'];
const PURE = ['server-node/xml', 'server-node/xmpp'];

const rooms = {
  // shared: types and schemas, runs anywhere
  'shared/domain': { at: '^shared/domain/', may: [] },
  'shared/errors': { at: '^shared/errors\\.ts$', may: [] },
  'shared/rpc': { at: '^shared/rpc\\.ts$', may: ['shared/errors'] },
  'shared/console-api': { at: '^shared/console-api/', may: SHARED },
  'shared/node-api': { at: '^shared/node-api/', may: SHARED },

  // server-node: protocol (pure) -> ports -> router -> modules; adapters hang off ports
  'server-node/xml': { at: '^server-node/xml/', may: [] },
  'server-node/xmpp': { at: '^server-node/xmpp/', may: ['server-node/xml'] },
  'server-node/sasl': { at: '^server-node/sasl/', may: [] },
  'server-node/observe': { at: '^server-node/observe/', may: [] },
  // link: how what is said between processes is written
  'server-node/link': { at: '^server-node/link/', may: ['server-node/xml'] },
  'server-node/stream': { at: '^server-node/stream/', may: [...PURE, 'server-node/sasl'] },
  'server-node/edge': {
    at: '^server-node/edge/[^/]+\\.ts$',
    may: [...PURE, 'server-node/stream', 'server-node/observe'],
  },
  // remote: the cores of a domain as the edge of another process sees them
  'server-node/edge-remote': {
    at: '^server-node/edge/remote/',
    may: [
      ...PURE,
      'server-node/sasl',
      'server-node/stream',
      'server-node/edge',
      'server-node/link',
      'server-node/observe',
    ],
  },
  // desk: the other end in the core, where the edges of other processes arrive
  'server-node/desk': {
    at: '^server-node/desk/',
    may: [
      ...PURE,
      'server-node/sasl',
      'server-node/stream',
      'server-node/ports',
      'server-node/router',
      'server-node/sessions',
      'server-node/link',
      'server-node/observe',
    ],
  },
  'server-node/ports': {
    at: '^server-node/(storage/(stores|migrations|exclusive|leases|transfer|when-back))\\.ts$',
    may: PURE,
  },
  'server-node/config': { at: '^server-node/config/', may: ['shared/domain', 'shared/errors'] },
  'server-node/router': { at: '^server-node/router/', may: [...PURE, 'server-node/ports', 'server-node/config'] },
  'server-node/modules': {
    at: '^server-node/modules/([^/]+)/',
    siblings: false,
    may: [...PURE, 'server-node/ports', 'server-node/config', 'server-node/router'],
  },
  'server-node/module-list': {
    at: '^server-node/modules/(index|table|doap|below|declaration)\\.ts$',
    may: ['server-node/modules', 'server-node/router', 'server-node/xml'],
  },
  'server-node/storage': {
    at: '^server-node/storage/(sqlite|postgres|memory)/',
    siblings: false,
    may: ['server-node/ports', 'server-node/observe'],
  },
  // which of them a node's configuration asks for
  'server-node/storage-choice': {
    at: '^server-node/storage/open\\.ts$',
    may: ['server-node/storage', 'server-node/ports', 'server-node/config'],
  },
  // cluster: the other nodes of a domain, their sessions, and what is said between nodes
  'server-node/cluster': {
    at: '^server-node/cluster/',
    may: [
      ...PURE,
      'server-node/ports',
      'server-node/link',
      'server-node/router',
      'server-node/stream',
      'server-node/observe',
    ],
  },
  'server-node/federation': {
    at: '^server-node/federation/',
    may: [
      ...PURE,
      'server-node/sasl',
      'server-node/stream',
      'server-node/ports',
      'server-node/router',
      'server-node/observe',
    ],
  },
  'server-node/transport': {
    at: '^server-node/transport/',
    may: [...PURE, 'server-node/stream', 'server-node/edge', 'server-node/link', 'server-node/observe'],
  },
  // accounts: what logins are checked against and operators change; between the router and the admin door
  'server-node/accounts': {
    at: '^server-node/accounts/',
    may: [...SHARED, ...PURE, 'server-node/sasl', 'server-node/ports', 'server-node/router'],
  },
  // sessions: what outlives a connection or the process; between streams and the router
  'server-node/sessions': {
    at: '^server-node/sessions/',
    may: [...PURE, 'server-node/ports', 'server-node/router', 'server-node/stream'],
  },
  'server-node/admin': {
    at: '^server-node/admin/',
    may: [
      ...SHARED,
      'shared/node-api',
      ...PURE,
      'server-node/accounts',
      'server-node/config',
      'server-node/router',
      'server-node/ports',
      'server-node/observe',
    ],
  },
  'server-node/version': { at: '^server-node/version\\.ts$', may: [] },
  'server-node/cli': { at: '^server-node/cli/', may: 'all of server-node, shared' },
  'server-node/main': {
    at: '^server-node/(main|node|node-cluster|edge-node|limits|digest)\\.ts$',
    may: 'all of server-node, shared',
  },

  // main: remote hands at the bottom, plans in the middle, the window and the command line at the door
  'main/ssh': { at: '^main/ssh/', may: SHARED },
  'main/secrets': { at: '^main/secrets/', may: SHARED },
  'main/fleet': { at: '^main/fleet/', may: [...SHARED, 'shared/console-api', 'main/secrets'] },
  // hosts: how each is reached, and what only the operator knows; provisioning and monitor both need it
  'main/hosts': {
    at: '^main/hosts/',
    may: [...SHARED, 'shared/console-api', 'main/ssh', 'main/secrets', 'main/fleet'],
  },
  'main/provisioning': {
    at: '^main/provisioning/',
    may: [...SHARED, 'shared/console-api', 'shared/node-api', 'main/ssh', 'main/secrets', 'main/fleet', 'main/hosts'],
  },
  'main/monitor': {
    at: '^main/monitor/',
    may: [...SHARED, 'shared/console-api', 'shared/node-api', 'main/ssh', 'main/secrets', 'main/fleet', 'main/hosts'],
  },
  // demo: a domain on this computer, by the same plan, steps and links
  'main/demo': {
    at: '^main/demo/service\\.ts$',
    may: [
      ...SHARED,
      'shared/console-api',
      'shared/node-api',
      'main/ssh',
      'main/fleet',
      'main/hosts',
      'main/provisioning',
      'main/monitor',
    ],
  },
  'main/demo-check': { at: '^main/demo/(check|client)\\.ts$', may: 'all of main, shared' },
  'main/upgrades': {
    at: '^main/upgrades/',
    may: [...SHARED, 'shared/console-api', 'main/fleet', 'main/provisioning', 'main/monitor'],
  },
  'main/reports': { at: '^main/reports/', may: [...SHARED, 'shared/console-api', 'main/fleet', 'main/monitor'] },
  'main/ipc': { at: '^main/ipc/', may: [...SHARED, 'shared/console-api'] },
  'main/preload': { at: '^main/preload\\.ts$', may: ['shared/rpc', 'shared/console-api'] },
  'main/engine': { at: '^main/(engine/|(engine|engine-process)\\.ts$)', may: 'all of main, shared' },
  'main/version': { at: '^main/version\\.ts$', may: [] },
  'main/cli': { at: '^main/(cli\\.ts$|cli/)', may: 'all of main, shared' },
  'main/main': { at: '^main/(main|window)\\.ts$', may: 'all of main, shared' },

  // renderer: api <- stores <- screens; components know no state
  'renderer/api': { at: '^renderer/api\\.ts$', may: ['shared/rpc', 'shared/errors', 'shared/console-api'] },
  'renderer/components': { at: '^renderer/components/', may: ['shared/domain', 'shared/errors'] },
  'renderer/stores': {
    at: '^renderer/stores/([^/]+)/',
    siblings: false,
    may: [...SHARED, 'shared/console-api', 'renderer/api'],
  },
  'renderer/screens': {
    at: '^renderer/screens/([^/]+)/',
    siblings: false,
    may: ['shared/domain', 'shared/errors', 'shared/console-api', 'renderer/components', 'renderer/stores'],
  },
  'renderer/main': { at: '^renderer/(main|App)\\.tsx$', may: 'all of renderer, shared' },

  e2e: { at: '^e2e/', may: SHARED },
};

// One owner a package.
const owners = {
  electron: '^main/(main|window|preload)\\.ts$|^main/ipc/|^main/secrets/keychain\\.ts$|^e2e/',
  ssh2: '^main/ssh/ssh2-host\\.ts$',
  'better-sqlite3': '^main/fleet/',
  '@xmpp/client': '^main/demo/client\\.ts$|^e2e/',
  // two runtimes, one library: the server's own certificate, and the console's authorities
  '@peculiar/x509': '^server-node/cli/self-signed\\.ts$|^main/secrets/authority\\.ts$',
  pg: '^server-node/storage/postgres/',
  '@nats-io/transport-node': '^server-node/cluster/nats\\.ts$',
  ws: '^server-node/(transport|admin)/|^main/monitor/|^e2e/chaos/',
  react: '^renderer/(components|screens)/|^renderer/(main|App)\\.tsx$',
  zustand: '^renderer/stores/',
};

// No clock, socket, file or process here.
const pure =
  '^shared/|^renderer/|^server-node/(xml|xmpp|stream|router|modules)/|^main/ssh/shell|^main/provisioning/(plan|facts|steps/)|^main/upgrades/plan';

module.exports = { rooms, owners, pure };
