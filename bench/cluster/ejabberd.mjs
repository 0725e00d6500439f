// A cluster of two ejabberd nodes on loopback, as Debian ships it: Mnesia, one Erlang cookie, an epmd of its own.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const COOKIE = 'parley-bench';
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const listens = (port) =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(true) ?? socket.destroy());
    socket.once('error', () => resolve(false));
  });

/** Starts them on these ports (TLS on the next ones). Answers with their processes, and how to end them. */
export async function startEjabberds(ports) {
  const folder = mkdtempSync(join(tmpdir(), 'bench-ejabberd-'));
  const epmdPort = String(ports[0] + 900);
  execFileSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
      ...['-subj', '/CN=load.test', '-addext', 'subjectAltName=DNS:load.test'],
      ...['-keyout', join(folder, 'load.test.key'), '-out', join(folder, 'load.test.crt')],
    ],
    { stdio: 'ignore' },
  );
  const pem = ['crt', 'key'].map((end) => readFileSync(join(folder, `load.test.${end}`), 'utf8')).join('');
  writeFileSync(join(folder, 'load.test.pem'), pem);
  const libraries = readdirSync('/usr/lib', { recursive: false });
  const base = libraries
    .map((name) => `/usr/lib/${name}`)
    .find((at) => safeList(at).some((one) => /^ejabberd-\d/.test(one)));
  const template = readFileSync(join(import.meta.dirname, '..', 'load', 'ejabberd.yml'), 'utf8');
  const common = { ...process.env, ERL_LIBS: base, ERL_EPMD_PORT: epmdPort, ERL_EPMD_ADDRESS: '127.0.0.1' };
  const children = [];
  for (const [i, port] of ports.entries()) {
    const data = join(folder, `n${i}`);
    mkdirSync(data);
    const config = template
      .replaceAll('@DATA@', folder)
      .replaceAll('@PORT@', String(port))
      .replaceAll('@TLSPORT@', String(port + 1))
      .replaceAll('@MAM@', '');
    writeFileSync(join(data, 'ejabberd.yml'), config);
  }
  execFileSync('chown', ['-R', 'ejabberd:', folder]);
  chmodSync(folder, 0o755);
  for (const [i, port] of ports.entries()) {
    const data = join(folder, `n${i}`);
    const env = {
      ...common,
      HOME: data,
      EJABBERD_CONFIG_PATH: join(data, 'ejabberd.yml'),
      ERL_CRASH_DUMP: join(data, 'crash'),
    };
    const argv = [
      ...[
        '--reuid',
        'ejabberd',
        '--regid',
        'ejabberd',
        '--clear-groups',
        'erl',
        '+K',
        'true',
        '+P',
        '250000',
        '+Q',
        '65536',
      ],
      ...['+sbwt', 'none', '+sbwtdcpu', 'none', '+sbwtdio', 'none', '-noinput', '-sname', `bench${i}@localhost`],
      ...[
        '-setcookie',
        COOKIE,
        '-mnesia',
        'dir',
        `"${data}/mnesia"`,
        '-ejabberd',
        'log_rate_limit',
        '0',
        '-s',
        'ejabberd',
      ],
    ];
    const child = spawn('setpriv', argv, { cwd: data, env, stdio: 'ignore', detached: true });
    children.push(child);
    for (let tries = 0; !(await listens(port)); tries++) {
      if (tries > 300 || child.exitCode !== null) throw new Error(`ejabberd does not answer on ${port}`);
      await wait(100);
    }
  }
  const ask = (expression) => {
    const argv = [
      '--reuid',
      'ejabberd',
      '--regid',
      'ejabberd',
      '--clear-groups',
      'erl',
      '-noshell',
      '-sname',
      'asks@localhost',
    ];
    const done = spawnSync(
      'setpriv',
      [...argv, '-setcookie', COOKIE, '-eval', `io:format("~p~n", [${expression}]), halt().`],
      {
        env: { ...common, HOME: folder },
        cwd: folder,
        encoding: 'utf8',
      },
    );
    return done.stdout.trim();
  };
  const joined = ask("rpc:call('bench1@localhost', ejabberd_cluster, join, ['bench0@localhost'])");
  if (joined !== 'ok') throw new Error(`the second ejabberd did not join: ${joined}`);
  for (let tries = 0; !(await listens(ports[1])); tries++) {
    if (tries > 100) throw new Error('the second ejabberd did not come back');
    await wait(100);
  }
  await wait(2000);
  const nodes = ask("rpc:call('bench0@localhost', ejabberd_cluster, get_nodes, [])");
  if (!/bench0/.test(nodes) || !/bench1/.test(nodes)) throw new Error(`ejabberd's cluster has ${nodes}`);
  return {
    ports,
    pids: children.map(({ pid }) => pid),
    async stop() {
      for (const { pid } of children) process.kill(-pid, 'SIGKILL'); // the groups that were started for them
      const epmd = spawnSync('pgrep', ['-f', '-u', 'ejabberd', 'epmd -daemon'], { encoding: 'utf8' })
        .stdout.trim()
        .split('\n');
      for (const pid of epmd)
        if (pid !== '' && environment(pid).includes(`ERL_EPMD_PORT=${epmdPort}`)) process.kill(Number(pid));
      await wait(200);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function environment(pid) {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8');
  } catch {
    return '';
  }
}

function safeList(at) {
  try {
    return readdirSync(at);
  } catch {
    return [];
  }
}
