// The Debian packages that tests need: installed when we are root on Debian, else named with the command that helps.

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { run } from './tools.mjs';

export const NEEDED = [
  'python3-slixmpp', // clients that others wrote
  'go-sendxmpp',
  'nats-server', // clusters
  'postgresql',
  'profanity',
  'xvfb',
  'xauth',
  'libgtk-3-0',
  'libnss3',
  'libasound2',
  'libgbm1', // the window
  'iproute2',
  'nftables',
  'iptables',
  'procps',
  'systemd-container',
  'mmdebstrap',
  'openssh-client',
  'sshpass',
  'python3', // test hosts
];

const isDebian = () =>
  existsSync('/etc/os-release') && /^ID(_LIKE)?=.*debian/m.test(readFileSync('/etc/os-release', 'utf8'));
const missing = () => {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is dpkg-query's own notation
  const { stdout = '' } = spawnSync('dpkg-query', ['-W', '-f', '${Package} ${db:Status-Status}\n', ...NEEDED], {
    encoding: 'utf8',
  });
  const there = new Set(
    stdout
      .split('\n')
      .filter((line) => line.endsWith(' installed'))
      .map((line) => line.split(' ')[0]),
  );
  return NEEDED.filter((name) => !there.has(name));
};

/** Sees to the packages. Answers with one sentence when some can't be had, and tests that need them will be skipped. */
export function ensurePackages() {
  if (!isDebian()) return `Tests with test hosts and windows need Debian or Ubuntu, and are skipped here.`;
  const wanted = missing();
  if (wanted.length === 0) return undefined;
  if (process.getuid() !== 0)
    return `Some tests are skipped: they need packages. Install them: sudo apt-get install ${wanted.join(' ')}`;
  console.log(`Installing Debian packages: ${wanted.join(' ')} …`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const apt = (...args) =>
    run('apt-get', ['-qq', '-o', 'DPkg::Lock::Timeout=300', ...args], { env, stdio: ['ignore', 'ignore', 'inherit'] });
  if (apt('update') !== 0 || apt('install', '-y', '--no-install-recommends', ...wanted) !== 0) {
    return `Some tests are skipped: these packages could not be installed: ${missing().join(' ')}`;
  }
  return undefined;
}
